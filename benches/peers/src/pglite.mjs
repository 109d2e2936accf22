// Milliseconds of PGlite, one JSON object on a line for each round: with the data as SQL, and from a dump of its
// directory. Run in a folder with the npm package: node pglite.mjs FILE.sql 'QUERY OF A ROW' ROUNDS

import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';

const [file, row, rounds] = process.argv.slice(2);
const sql = readFileSync(file, 'utf8');

async function firstRow(database) {
  const { rows } = await database.query(row);
  if (rows.length !== 1) throw new Error(`${rows.length} rows`);
}

async function replayed() {
  const begun = performance.now();
  const database = new PGlite();
  await database.exec(sql);
  await firstRow(database);
  return [performance.now() - begun, database];
}

async function loaded(dump) {
  const begun = performance.now();
  const database = new PGlite({ loadDataDir: dump });
  await firstRow(database);
  const taken = performance.now() - begun;
  await database.close();
  return taken;
}

const [, source] = await replayed();
const dump = await source.dumpDataDir('none');
await source.close();
for (let round = 0; round < Number(rounds); round++) {
  const [taken, database] = await replayed();
  await database.close();
  console.log(JSON.stringify({ replayed: taken, loaded: await loaded(dump) }));
}
