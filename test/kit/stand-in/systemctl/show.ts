import type { Standing } from './protocol.ts';
import { standingOf } from './services.ts';
import { managerSettings } from './settings.ts';
import { environment, fileState, isMasked, milliseconds, readUnit, value, words } from './units.ts';
import type { Unit } from './units.ts';

function execStart(unit: Unit, standing: Standing): string {
  const argv = words(value(unit, 'Service.ExecStart') ?? '');
  return `{ path=${argv[0] ?? ''} ; argv[]=${argv.join(' ')} ; ignore_errors=no ; pid=${String(standing.mainPid)} ; code=(null) ; status=0/0 }`;
}

function ofFile(unit: Unit, standing: Standing): Record<string, string> {
  return {
    Type: value(unit, 'Service.Type') ?? 'simple',
    Restart: value(unit, 'Service.Restart') ?? 'no',
    RestartUSec: `${String(milliseconds(value(unit, 'Service.RestartSec') ?? '100ms') * managerSettings().timeScale)}ms`,
    KillMode: value(unit, 'Service.KillMode') ?? 'control-group',
    ExecStart: execStart(unit, standing),
    Environment: Object.entries(environment(unit))
      .map(([name, one]) => `${name}=${one}`)
      .join(' '),
    Description: value(unit, 'Unit.Description') ?? unit.name,
    FragmentPath: unit.path,
    DropInPaths: unit.dropIns.join(' '),
  };
}

function loadState(name: string, unit: Unit | null): string {
  if (isMasked(name)) return 'masked';
  return unit ? 'loaded' : 'not-found';
}

/** All properties of a unit that `show` knows; a unit without a file has them too. */
export function properties(name: string): Record<string, string> {
  const standing = standingOf(name);
  const unit = readUnit(name);
  const state = fileState(name);
  return {
    Id: name,
    Names: name,
    LoadState: loadState(name, unit),
    ActiveState: standing.active,
    SubState: standing.sub,
    MainPID: String(standing.mainPid),
    ExecMainPID: String(standing.mainPid),
    ExecMainCode: String(standing.exitCode),
    ExecMainStatus: String(standing.exitStatus),
    NRestarts: String(standing.restarts),
    Result: standing.active === 'failed' ? 'exit-code' : 'success',
    ConditionResult: standing.conditionMet ? 'yes' : 'no',
    UnitFileState: state === 'missing' ? '' : state,
    NeedDaemonReload: 'no',
    FragmentPath: '',
    ...(unit ? ofFile(unit, standing) : {}),
  };
}
