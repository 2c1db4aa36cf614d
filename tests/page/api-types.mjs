/** Writes the types of the API, from its own description, for the page's JSDoc. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const own = `${root}.venv/bin/python`;
const python = process.env.PYTHON ?? (existsSync(own) ? own : 'python3');
const program = `
import json
from kyphometer.web.routes.every import description
print(json.dumps(description()))
`;
const description = execFileSync(python, ['-c', program], { cwd: root, encoding: 'utf8' });
/** A tuple's length is that of its items. @type {any} */
const document = JSON.parse(description, (_name, value) => {
  if (!value?.prefixItems) return value;
  const { minItems: _least, maxItems: _most, ...tuple } = value;
  return tuple;
});
const options = { arrayLength: true, defaultNonNullable: false };
const written = astToString(await openapiTS(document, options));
const names = Object.keys(document.components.schemas);
const short = names.map((name) => `type ${name} = import('./paths.js').components['schemas']['${name}'];`);

mkdirSync(new URL('generated', import.meta.url), { recursive: true });
writeFileSync(new URL('generated/paths.d.ts', import.meta.url), written);
writeFileSync(
  new URL('generated/api.d.ts', import.meta.url),
  `declare namespace Wire {\n${short.map((line) => `  ${line}\n`).join('')}}\n`,
);
