import { describe, expect, it } from 'vitest';
import { flagsFromEnvironment } from '../../src/cli/environment.ts';
import { CONNECTION_FLAGS, CONSENT_FLAGS, OUTPUT_FLAGS } from '../../src/cli/flags.ts';
import { codeOf } from '../checks/facts.ts';

const TABLE = { ...CONNECTION_FLAGS, ...CONSENT_FLAGS, ...OUTPUT_FLAGS };

describe('flags from the environment', () => {
  it('are found by their long names', () => {
    const env = { NEO_PULL_KNOWN_HOSTS: '/k', NEO_PULL_IDENTITY: '/i', NEO_PULL_YES: '1', NEO_PULL_VERBOSE: '2' };
    expect(flagsFromEnvironment(TABLE, env)).toEqual({ 'known-hosts': '/k', identity: ['/i'], yes: true, verbose: 2 });
  });

  it('leave alone what the command has no flag for', () => {
    expect(flagsFromEnvironment(OUTPUT_FLAGS, { NEO_PULL_PORT: '22', NEO_PULL_SOMETHING: 'x' })).toEqual({});
  });

  it('know no as well as yes, and refuse anything between', () => {
    expect(flagsFromEnvironment(TABLE, { NEO_PULL_YES: 'no', NEO_PULL_JSON: '' })).toEqual({ yes: false, json: false });
    expect(codeOf(() => flagsFromEnvironment(TABLE, { NEO_PULL_YES: 'perhaps' }))).toBe('option-invalid');
  });
});
