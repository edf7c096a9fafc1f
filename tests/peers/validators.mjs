// Foreign validators of FHIR R4: the StructureDefinitions with fhirpath, npm fhir, and the units
// of every quantity by the UCUM of the National Library of Medicine.
//
// Given a file with {"resources": [{"name", "resource"}, ...]}, it prints what each validator
// says of each: {name, structure: {errors, warnings, evaluated}, fhir: [...], ucum: [...]}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { structure, versions } from "./structure.mjs";

const require = createRequire(import.meta.url);
const { Fhir } = require("fhir");
const ucum = require("@lhncbc/ucum-lhc").UcumLhcUtils.getInstance();
console.log = () => {}; // ucum-lhc tells there what it could not read; standard output is ours
const UCUM = "http://unitsofmeasure.org";
const fhir = new Fhir();

// Of each quantity of UCUM: its code, and what that measures.
function* quantities(tree, path) {
  if (tree === null || typeof tree !== "object") return;
  if (tree.system === UCUM) yield [path, tree];
  for (const [name, value] of Object.entries(tree)) yield* quantities(value, `${path}.${name}`);
}

const LIKE = { g: "mass", L: "volume", d: "time", 1: "number" };

// What a code measures: mass, volume, time or number; or why it is no code of these.
function measures(code) {
  const { status, msg } = ucum.validateUnitString(code);
  if (status !== "valid") return { error: msg.join(" ") || status };
  const base = Object.keys(LIKE).find((b) => ucum.convertUnitTo(code, 1, b).status === "succeeded");
  return base ? { name: LIKE[base] } : { error: "is neither mass, volume, time nor number" };
}

function units(resource) {
  const found = [];
  for (const [path, { code, unit }] of quantities(resource, resource.resourceType)) {
    const { name, error } = measures(String(code));
    const printed = measures(String(unit)); // where the printed unit is a code too
    if (path.endsWith("Duration") && name !== "time")
      found.push({ path, message: `${code} is ${name ?? "nothing"}, not time` });
    if (error) found.push({ path, message: `${code}: ${error}` });
    else if (printed.name && printed.name !== name)
      found.push({ path, message: `${unit} is ${printed.name}, ${code} is ${name}` });
  }
  return found;
}

function tried(work) {
  try {
    return work();
  } catch (error) {
    return [{ severity: "error", message: `cannot be read: ${error.message}` }];
  }
}

const { resources } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const told = resources.map(({ name, resource }) => ({
  name,
  structure: structure(structuredClone(resource)),
  fhir: tried(() => fhir.validate(structuredClone(resource), { errorOnUnexpected: true }).messages),
  ucum: units(resource),
}));
const version = (name) => `${name} ${require(`${name}/package.json`).version}`;
process.stdout.write(
  JSON.stringify({ versions: [...versions, version("fhir"), version("@lhncbc/ucum-lhc")], told }),
);
