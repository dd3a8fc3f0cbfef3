import { join } from 'node:path';
import { writeAgent } from './state/agents.ts';
import { writeConfig } from './state/config.ts';
import { penFor } from './state/pen.ts';
import { placesOf } from './state/places.ts';
import type { State, StateOptions } from './state/places.ts';
import { writeRest } from './state/rest.ts';
import { writeCredentials, writeIdentity } from './state/secrets.ts';
import { writeWorkspaces } from './state/workspaces.ts';

export type { State, StateOptions };

/** Fills a home with the state of a gateway that has lived: two agents, their sessions, credentials, cron, devices, workspaces. */
export async function populate(options: StateOptions): Promise<State> {
  const { home, at = home, port, profile = 'default', sessions = 10, workspaceFiles = 0 } = options;
  const pen = penFor(home, at);
  const places = placesOf(options);
  writeConfig(pen, places, options);
  writeCredentials(pen, places);
  writeIdentity(pen, places);
  const ids = {
    main: writeAgent(pen, places, { id: 'main', sessions: sessions + 1 }),
    ops: writeAgent(pen, places, { id: 'ops', sessions: Math.ceil(sessions / 10) }),
  };
  writeRest(pen, places);
  await writeWorkspaces(pen, places, workspaceFiles);
  return {
    home,
    stateDir: places.stateDir,
    configPath: join(places.stateDir, `${places.product}.json`),
    workspaces: { main: places.main, ops: places.ops },
    port,
    profile,
    sessions: ids,
    canaries: pen.canaries.list(),
  };
}
