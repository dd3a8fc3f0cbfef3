import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { REPOSITORY } from './repository.ts';

let validate: ValidateFunction | null = null;

/**
 * What of a report the published schema does not allow. It is held to it more strictly than a reader of reports should: a field that the
 * schema does not name is a fault too, for then the schema does not tell all.
 */
export function schemaFaults(report: unknown): readonly string[] {
  validate ??= new Ajv2020({ strict: true, allErrors: true }).compile(closed(publishedSchema()) as object);
  validate(report);
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`;
  });
}

/** docs/report.schema.json. */
export function publishedSchema(): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(REPOSITORY, 'docs/report.schema.json'), 'utf8')) as Record<string, unknown>;
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, one]) => [name, closed(one)]));
  return 'properties' in inner && inner['type'] === 'object' ? { additionalProperties: false, ...inner } : inner;
}
