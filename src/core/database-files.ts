/** What SQLite keeps beside a database: its log, its journal, and the shared memory of who has it open. */
const SHARED_MEMORY = '-shm';
const BESIDE = ['-wal', '-journal', SHARED_MEMORY];

/** Is this a database by its name? Pure. */
export function isDatabase(file: string): boolean {
  return /\.(?:sqlite3?|db)$/.test(file);
}

/** What may lie beside a database and belongs to it, by name. Pure. */
export function besideDatabase(file: string): string[] {
  return BESIDE.map((tail) => file + tail);
}

/** The database that a file beside one belongs to; null for anything else. Pure. */
export function databaseOf(file: string): string | null {
  const tail = BESIDE.find((one) => file.endsWith(one) && isDatabase(file.slice(0, -one.length)));
  return tail === undefined ? null : file.slice(0, -tail.length);
}

/** Is it shared memory of a database, which SQLite makes anew from the log whenever it is missing? Pure. */
export function isSharedMemory(file: string): boolean {
  return file.endsWith(SHARED_MEMORY) && databaseOf(file) !== null;
}
