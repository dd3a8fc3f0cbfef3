/**
 * The program that rewrites one database, or checks several: `node - <request>`, with this file, bundled into one, on stdin, by the Node of
 * the gateway, which has SQLite built in. It changes the one file that it is given, or none, and prints one line of JSON.
 */
import process from 'node:process';
import { checkDatabases } from './check-databases.ts';
import type { DatabaseAnswer, DatabaseRequest, SoundnessAnswer, SoundnessRequest } from './contract.ts';
import { openEngine } from '../host/sqlite-engine.ts';
import { rewriteDatabase } from './rewrite-database.ts';

function answer(): DatabaseAnswer | SoundnessAnswer {
  const nothing = { engine: null, rewrites: [], left: [], isLookedThrough: false };
  try {
    const request = JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString()) as
      DatabaseRequest | SoundnessRequest;
    if ('check' in request) return checkDatabases(request);
    const engine = openEngine(request.file);
    if (!engine) return { ...nothing, failure: 'neither the Node of the gateway nor a sqlite3 command can read it' };
    return rewriteDatabase(engine, request, () => Date.now());
  } catch (error) {
    return { ...nothing, failure: error instanceof Error ? error.message : String(error) };
  }
}

process.stdout.write(`${JSON.stringify(answer())}\n`);
