// Opens pages in Chromium and prints, as JSON, what was seen of each; it judges nothing.
// Usage: node browser.mjs JOB.json, with {"chromium": FILE, "out": FOLDER, "pages": {NAME: FILE}}.
// Pictures are of what a screen shows at first, for a person to look at.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const WIDE = { width: 1280, height: 900 };
const ZOOMED = { width: 640, height: 450 }; // what 200 % leaves of a screen of 1280
const TABLET = { width: 768, height: 1024 };
const A4 = { width: 703, height: 1032 }; // what 12 mm of margin leave of it
const NARROW = { width: 320, height: 640 }; // and 400 %, or a small telephone

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const profile = mkdtempSync(join(tmpdir(), "profile-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: job.chromium, args: FLAGS, headless: true, viewport: WIDE,
});
const seen = {};
try {
  for (const [name, file] of Object.entries(job.pages)) seen[name] = await look(name, file);
  seen.version = browser.browser()?.version() ?? "";
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
process.stdout.write(JSON.stringify(seen));

async function look(name, file) {
  const page = await browser.newPage();
  const address = pathToFileURL(file).href;
  const requests = [];
  const complaints = [];
  page.on("request", (request) => request.url() === address || requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  const at = (size, scheme) => resized(page, size, scheme);
  const found = { requests, complaints, axe: {}, layout: {} };

  await at(WIDE, "light");
  found.layout.wide = await page.evaluate(laidOut);
  found.axe.light = await judged(page);
  await page.screenshot({ path: join(job.out, `${name}-light.png`) });
  found.stops = await tabbed(page);
  await at(WIDE, "dark");
  found.axe.dark = await judged(page, { runOnly: ["color-contrast", "color-contrast-enhanced"] });
  await page.screenshot({ path: join(job.out, `${name}-dark.png`) });
  await at(ZOOMED, "light");
  found.layout.zoomed = await page.evaluate(laidOut);
  await page.screenshot({ path: join(job.out, `${name}-zoomed.png`) });
  await at(TABLET, "light");
  found.layout.tablet = await page.evaluate(laidOut);
  await page.screenshot({ path: join(job.out, `${name}-768.png`) });
  await at(NARROW, "light");
  found.layout.narrow = await page.evaluate(laidOut);
  found.axe.narrow = await judged(page);
  await page.screenshot({ path: join(job.out, `${name}-320.png`) });

  await page.setViewportSize(A4);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  found.layout.paper = await page.evaluate(laidOut);
  found.rows = await page.evaluate(printedRows);
  found.days = await page.evaluate(() =>
    [...document.querySelectorAll(".month tbody td:not(.none)")].map((one) => one.innerText.trim()));
  found.headings = await page.evaluate(() =>
    [...document.querySelectorAll(".month thead")].map((one) => one.innerText.trim()));
  found.ink = await page.evaluate(() => getComputedStyle(document.body).color);
  for (const format of ["A4", "Letter"])
    await page.pdf({ path: join(job.out, `${name}-${format}.pdf`), format, preferCSSPageSize: false });
  await page.close();
  return found;
}

async function resized(page, size, scheme) {
  await page.setViewportSize(size);
  await page.emulateMedia({ media: "screen", colorScheme: scheme });
}

// What axe-core objects to: [rule, impact, what it is about, the first elements].
async function judged(page, options = {}) {
  await page.evaluate(AXE);
  return page.evaluate(async (chosen) => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"], ...chosen });
    return violations.map((v) => [v.id, v.impact, v.help, v.nodes.slice(0, 3).map((n) => n.html)]);
  }, options);
}

// The elements on which the focus stops, until it leaves the page; each with its outline.
async function tabbed(page) {
  const stops = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return { name: one.getAttribute("aria-label") ?? one.textContent.slice(0, 40),
        outline: `${outlineStyle} ${outlineWidth}` };
    });
    if (stop === null) return { stops, trapped: false };
    stops.push(stop);
  }
  return { stops, trapped: true };
}

// How wide the page is, what is cut or stands outside its box, and in which order days are read.
function laidOut() {
  const width = document.documentElement.clientWidth;
  const cut = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!text.data.trim() || hidden(text.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const cell = text.parentElement.closest("td, th, caption, p, li, dd, dt, h1, h2, body");
    const box = cell.getBoundingClientRect();
    for (const rect of range.getClientRects()) {
      const outside = rect.left < box.left - 1 || rect.right > box.right + 1
        || rect.top < box.top - 4 || rect.bottom > box.bottom + 4;
      const beyond = rect.left < -0.5 || rect.right > width + 0.5;
      if (outside || beyond) { cut.push(text.data); break; }
    }
  }
  const days = [...document.querySelectorAll(".on")].map((day) => day.getBoundingClientRect());
  const backwards = days.flatMap((day, at) => {
    const before = days[at - 1];
    const below = before && day.top > before.top + 8;
    const beside = before && Math.abs(day.top - before.top) <= 8 && day.left > before.left;
    return !before || below || beside ? [] : [at];
  });
  const small = [...document.querySelectorAll("p, td, th, span, dd, li")]
    .map((one) => parseFloat(getComputedStyle(one).fontSize)).reduce((a, b) => Math.min(a, b), 99);
  return {
    width, needed: document.documentElement.scrollWidth, cut, smallest: small,
    backwards,
    days: [...document.querySelectorAll(".on")].map((day) => day.innerText.trim()),
    doses: [...document.querySelectorAll("p.dose")].map((dose) => dose.innerText.trim()),
  };

  function hidden(element) {
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.display === "none" || style.clipPath !== "none") return true;
    }
    return false;
  }
}

// What each row of every table says, cell by cell, in the order of the document.
function printedRows() {
  for (const unseen of document.querySelectorAll(".full")) unseen.style.display = "none";
  return [...document.querySelectorAll("tbody tr")].map((row) =>
    [...row.cells].map((cell) => cell.innerText.trim()).filter(Boolean));
}
