// FHIR resources against HL7's own definitions: elements, cardinalities, types, patterns, required
// codes and invariants of every snapshot.
//
//     node benchmarks/fhir_definitions.mjs DEFINITIONS RESOURCE.json ...
//
// DEFINITIONS is the unpacked folder of HL7's package hl7.fhir.r5.core; the npm module `fhirpath` lies
// where node finds it. Not checked: references that must resolve, slicing, codes of other systems.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

const require = createRequire(join(process.cwd(), "node_modules/"));
const fhirpath = require("fhirpath");
const model = require("fhirpath/fhir-context/r5");
const [folder, ...files] = process.argv.slice(2);
const read = new Map();
const unchecked = new Map();
let faults = 0;
let checked = 0;

function defined(kind, id) {
  const path = join(folder, `${kind}-${id}.json`);
  if (!read.has(path)) read.set(path, existsSync(path) ? JSON.parse(readFileSync(path)) : null);
  return read.get(path);
}

function said(where, what) {
  faults += 1;
  console.log(`${where}: ${what}`);
}

function skip(what) {
  unchecked.set(what, (unchecked.get(what) ?? 0) + 1);
}

const last = (path) => path.slice(path.lastIndexOf(".") + 1);

function childrenOf(structure, path) {
  return structure.snapshot.element.filter(
    (one) => one.path.startsWith(`${path}.`) && !one.path.slice(path.length + 1).includes("."),
  );
}

function namesOf(element) {
  const name = last(element.path);
  if (!name.endsWith("[x]")) return [[name, element.type?.[0]?.code]];
  const stem = name.slice(0, -3);
  return element.type.map(({ code }) => [stem + code[0].toUpperCase() + code.slice(1), code]);
}

function invariants(element, node, base, where, env) {
  for (const { key, severity, expression } of element.constraint ?? []) {
    if (severity !== "error" || !expression || key === "ele-1") continue;
    try {
      const found = fhirpath.evaluate(node, { base, expression }, env, model, { async: false, traceFn() {} });
      checked += 1;
      if (found.length !== 1 || found[0] !== true) said(where, `breaks ${key}: ${expression}`);
    } catch (error) {
      skip(`${key} (${String(error.message ?? error).slice(0, 60)})`);
    }
  }
}

function codesOf(url) {
  const set = defined("ValueSet", url.split("|")[0].split("/").pop());
  const includes = set?.compose?.include;
  if (!includes || set.compose.exclude) return null;
  const codes = new Set();
  const add = (concepts) => concepts.forEach((c) => (codes.add(c.code), add(c.concept ?? [])));
  for (const one of includes) {
    if (one.filter || one.valueSet || !one.system) return null;
    const system = one.concept ? null : defined("CodeSystem", one.system.split("/").pop());
    if (!one.concept && system?.content !== "complete") return null;
    add(one.concept ?? system.concept);
  }
  return codes;
}

function bound(element, value, where) {
  const { strength, valueSet } = element.binding ?? {};
  if (strength !== "required") return;
  const codes = codesOf(valueSet);
  if (codes === null) return skip(`codes of ${valueSet}`);
  const stated = typeof value === "string" ? [value] : (value.coding ?? [value]).map((c) => c.code);
  checked += 1;
  if (!stated.some((code) => codes.has(code))) said(where, `'${stated}' is not of ${valueSet}`);
}

function primitive(type, value, where) {
  const structure = defined("StructureDefinition", type.startsWith("http") ? "string" : type);
  const inner = structure?.snapshot.element.find((one) => one.path.endsWith(".value"));
  const pattern = inner?.type[0].extension?.find((one) => one.url.endsWith("/regex"))?.valueString
    .replace("}}", "}"); // that of decimals has one too many
  const kind = { boolean: "boolean", integer: "number", decimal: "number", positiveInt: "number",
                 unsignedInt: "number" }[type] ?? "string";
  checked += 1;
  if (typeof value !== kind) said(where, `is no ${kind}`);
  else if (pattern && !new RegExp(`^(?:${pattern})$`, "s").test(String(value)))
    said(where, `'${value}' is no ${type}`);
}

function inside(type, structure, element, value, where, env) {
  if (element.contentReference) {
    const path = element.contentReference.split("#")[1];
    return object(structure, path, path, value, where, env);
  }
  const code = type ?? "";
  const definition = defined("StructureDefinition", code);
  if (code.startsWith("http") || definition?.kind === "primitive-type") {
    invariants(element, value, element.path, where, env);
    return primitive(code, value, where);
  }
  invariants(element, value, element.path, where, env);
  if (definition?.kind === "complex-type")
    invariants(definition.snapshot.element[0], value, code, where, env);
  if (code === "Resource") return resource(value, where, env.rootResource);
  if (["BackboneElement", "Element"].includes(code))
    return object(structure, element.path, element.path, value, where, env);
  if (!definition) return skip(`type ${code}`);
  object(definition, code, code, value, where, env);
}

function object(structure, path, base, node, where, env) {
  if (node === null || typeof node !== "object" || Array.isArray(node))
    return said(where, "is no object");
  if (Object.keys(node).length === 0) said(where, "is empty");
  const known = new Set(["resourceType"]);
  for (const element of childrenOf(structure, path)) {
    const present = namesOf(element).filter(([name]) => node[name] !== undefined);
    namesOf(element).forEach(([name]) => (known.add(name), known.add(`_${name}`)));
    const values = present.flatMap(([name]) => node[name]);
    checked += 1;
    const count = values.length + (present.length ? 0 : namesOf(element).some(([n]) => node[`_${n}`]));
    if (count < element.min) said(where, `lacks ${last(element.path)}`);
    if (element.max !== "*" && count > Number(element.max)) said(where, `has ${count} ${element.path}`);
    for (const [name, type] of present) {
      const isMany = element.max !== "*" ? false : true;
      if (Array.isArray(node[name]) !== (isMany || element.base?.max === "*"))
        said(where, `${name} is ${isMany ? "no" : "a"} list`);
      [node[name]].flat().forEach((value, number) => {
        const at = `${where}.${name}[${number}]`;
        bound(element, value, at);
        inside(type, structure, element, value, at, env);
      });
    }
  }
  for (const name of Object.keys(node)) if (!known.has(name)) said(where, `knows no ${name}`);
}

function resource(node, where, root) {
  const structure = defined("StructureDefinition", node.resourceType);
  if (!structure) return said(where, `${node.resourceType} is no resource`);
  const env = { resource: node, rootResource: root ?? node };
  const type = node.resourceType;
  invariants(structure.snapshot.element[0], node, type, where, env);
  object(structure, type, type, node, `${where} ${type}`, env);
}

for (const file of files) resource(JSON.parse(readFileSync(file)), basename(file));
for (const [what, count] of unchecked) console.log(`not checked, ${count} times: ${what}`);
console.log(`${files.length} files, ${checked} checks, ${faults} faults`);
process.exit(faults ? 1 : 0);
