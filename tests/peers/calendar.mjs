// A calendar program made of npm's ical.js: it imports files one after another and shows its days.
//
// Given a file with {"chains": [{"name", "files": [text, ...]}]}, it prints for each chain what
// it showed after each import: [[when, summary, uid], ...], and what it found wrong on the way.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const ENOUGH = 100_000; // a recurrence without an end must not hang the check

function when(time) {
  return time.isDate ? time.toString() : time.toString().slice(0, 16);
}

function occurrences(component, problems) {
  const event = new ICAL.Event(component);
  if (!event.isRecurring()) return [[when(event.startDate), event.summary, event.uid]];
  const rows = [];
  const days = event.iterator();
  for (let day = days.next(); day; day = days.next()) {
    rows.push([when(day), event.summary, event.uid]);
    if (rows.length > ENOUGH) {
      problems.push(`${event.uid}: has no end`);
      break;
    }
  }
  return rows;
}

function look(component, problems) {
  const uid = component.getFirstPropertyValue("uid");
  const start = component.getFirstProperty("dtstart");
  for (const name of ["uid", "dtstamp", "dtstart", "summary", "sequence"]) {
    const told = component.getAllProperties(name).length;
    if (told !== 1) problems.push(`${uid}: ${told} of ${name}`);
  }
  const zone = start.getFirstValue().zone;
  if (start.getParameter("tzid") || zone !== ICAL.Timezone.localTimezone)
    problems.push(`${uid}: does not float`);
  const { endDate, startDate } = new ICAL.Event(component);
  const minutes = endDate.subtractDateTz(startDate).toSeconds() / 60;
  if (minutes !== (startDate.isDate ? 1440 : 15)) problems.push(`${uid}: lasts ${minutes} minutes`);
  for (const alarm of component.getAllSubcomponents("valarm")) {
    const trigger = alarm.getFirstPropertyValue("trigger");
    if (trigger?.toSeconds?.() !== 0) problems.push(`${uid}: reminds at another time`);
    for (const name of ["action", "description"])
      if (!alarm.getFirstPropertyValue(name)) problems.push(`${uid}: reminder without ${name}`);
  }
}

function imported(text, shown, problems) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const events = calendar.getAllSubcomponents("vevent");
  if (calendar.getAllSubcomponents("vtimezone").length) problems.push("has a time zone");
  const uids = new Set();
  for (const component of events) {
    look(component, problems);
    const uid = component.getFirstPropertyValue("uid");
    if (uids.has(uid)) problems.push(`${uid}: stands twice`);
    uids.add(uid);
    const sequence = component.getFirstPropertyValue("sequence");
    const before = shown.get(uid);
    if (before && before.sequence > sequence) continue; // a newer one is known
    if (before && before.sequence === sequence && before.text !== component.toString()) {
      problems.push(`${uid}: changed, but not its sequence`);
      continue;
    }
    shown.set(uid, { sequence, component, text: component.toString() });
  }
}

function alarms(shown) {
  const all = [...shown.values()].map((each) => each.component);
  return all.reduce((sum, each) => sum + each.getAllSubcomponents("valarm").length, 0);
}

function days(shown, problems) {
  const rows = [];
  for (const { component } of shown.values())
    if (component.getFirstPropertyValue("status") !== "CANCELLED")
      rows.push(...occurrences(component, problems));
  return rows.sort();
}

// ical.js leaves properties that it does not know as they stand; by RFC 5545 they are text.
function titled(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  return calendar.getFirstPropertyValue("x-wr-calname").replace(/\\([\\;,])/g, "$1");
}

const { chains } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const told = chains.map(({ name, files }) => {
  const problems = [];
  const shown = new Map();
  const title = titled(files.at(-1));
  const after = files.map((text) => {
    imported(text, shown, problems);
    return days(shown, problems);
  });
  return { name, title, after, problems, alarms: alarms(shown) };
});
const { version } = JSON.parse(
  readFileSync(new URL("node_modules/ical.js/package.json", import.meta.url), "utf8"),
);
process.stdout.write(JSON.stringify({ version: `ical.js ${version}`, chains: told }));
