#!/usr/bin/env node
// Prisma's own schema engine, in the build of it that npm has. The CLI downloads its native build from a
// host that not every machine reaches; PRISMA_SCHEMA_ENGINE_BINARY names this file in its place. It
// answers the CLI's JSON-RPC, one message a line, and does nothing else.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as engineApi from '@prisma/schema-engine-wasm/schema_engine_bg';

// The adapter does not know PostgreSQL's internal type "char", which catalogs have. It is text to the engine.
const addFields = pg.Result.prototype.addFields;
pg.Result.prototype.addFields = function (fields) {
  fields.filter((field) => field.dataTypeID === pg.types.builtins.CHAR).forEach((field) => {
    field.dataTypeID = pg.types.builtins.BPCHAR;
  });
  return addFields.call(this, fields);
};

// Through the adapter, the engine takes only these two types of constraints for characters, and panics at any
// other, a constraint trigger's among them (prisma-engines pull request 5819). The native build passes over those.
const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (request, ...rest) {
  if (request?.text) {
    request.text = request.text.replace("contype NOT IN ('p', 'u', 'f')", "contype IN ('c', 'x')");
  }
  return query.call(this, request, ...rest);
};

// Where the engine says why it panics.
let panic = '';
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => { panic = message; } };

const args = process.argv.slice(2);
if (args.includes('can-connect-to-database') || args.includes('create-database')) {
  process.exit(0);
}

const binary = new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm'));
const { instance } = await WebAssembly.instantiate(await readFile(binary), { './schema_engine_bg.js': engineApi });
engineApi.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

const datamodels = [];
args.forEach((arg, at) => {
  if (arg === '--datamodels') datamodels.push(args[at + 1]);
});
const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: process.env.DATABASE_URL }));
const engine = await engineApi.SchemaEngine.new(
  { datamodels: await Promise.all(datamodels.map(async (file) => [file, await readFile(file, 'utf8')])) },
  () => {},
  adapter,
);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  let answer;
  try {
    answer = { result: (await engine[method](params)) ?? null };
  } catch (error) {
    const message = panic || String(error);
    answer = { error: { code: 4466, message, data: { is_panic: false, message } } };
  }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
}
process.exit(0);
