/**
 * The program that rewrites one database: `node - <request>`, with this file, bundled into one, on stdin, by the Node of the gateway,
 * which has SQLite built in. It changes the one file that it is given, and prints one line of JSON.
 */
import process from 'node:process';
import type { DatabaseAnswer, DatabaseRequest } from './contract.ts';
import { openEngine } from '../host/sqlite-engine.ts';
import { rewriteDatabase } from './rewrite-database.ts';

function answer(): DatabaseAnswer {
  const nothing = { engine: null, rewrites: [], left: [], isLookedThrough: false };
  try {
    const request = JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString()) as DatabaseRequest;
    const engine = openEngine(request.file);
    if (!engine) return { ...nothing, failure: 'neither the Node of the gateway nor a sqlite3 command can read it' };
    return rewriteDatabase(engine, request, () => Date.now());
  } catch (error) {
    return { ...nothing, failure: error instanceof Error ? error.message : String(error) };
  }
}

process.stdout.write(`${JSON.stringify(answer())}\n`);
