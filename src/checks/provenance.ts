import type { GatewayFacts, MachineFacts, Saying } from '../core/inventory.ts';
import { portSayings, type PortFacts } from './port.ts';
import { gathered } from './sayings.ts';

/** Everything that was found out about the old gateway, with all who say it; of each thing the word that counts comes first. Pure. */
export function provenanceOf({ product }: MachineFacts, gateway: GatewayFacts, port: PortFacts): readonly Saying[] {
  const { sayings, process, profile } = gateway;
  const own = sayings.filter(({ what }) => what !== 'port');
  const isChosen = ({ what, value }: Saying): boolean => what !== 'profile' || value === profile;
  const programs = product === null ? [] : [{ what: 'product', value: product.path, source: product.foundBy } as const];
  const nodes = [
    ...(product?.node ? [{ value: product.node, source: nodeSource(product.foundBy) }] : []),
    ...(process?.exe ? [{ value: process.exe, source: `running process ${String(process.pid)}` }] : []),
  ];
  return [
    ...own.filter(isChosen),
    ...own.filter((saying) => !isChosen(saying)),
    ...portSayings(gateway, port),
    ...gathered([...programs, ...nodes.map((node) => ({ what: 'Node' as const, ...node }))]),
  ];
}

function nodeSource(foundBy: string): string {
  return foundBy.startsWith('unit ') ? foundBy : 'found with the product';
}
