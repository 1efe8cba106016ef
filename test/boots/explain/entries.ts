/** Entries of a trace, written short. */
import type { ExplainFacts } from '../../../src/boots/explain/index.ts';
import type { Outcome, TraceEntry } from '../../../src/boots/trace.ts';

/** Of one boot of one MAC address, a second apart; what was traced already keeps its time. */
export function traced(...entries: Partial<TraceEntry>[]): TraceEntry[] {
  return entries.map((entry, at) => ({
    ...{ time: (at + 1) * 1000, mac: 'a', boot: 1, role: 'dhcp', what: '', outcome: 'answered', reason: '' },
    ...{ sentence: 'as it was noted', details: {} },
    ...entry,
  }));
}

type Kind = 'pxe' | 'http' | 'ipxe';

export const discover = (firmware?: Kind): Partial<TraceEntry> => ({
  ...{ role: 'dhcp', what: 'DISCOVER', outcome: 'answered', reason: 'address-offered' },
  details: { ...(firmware && { firmware }), address: '10.0.0.1' },
});

export const request = (firmware?: Kind): Partial<TraceEntry> => ({
  ...{ role: 'dhcp', what: 'REQUEST', outcome: 'answered', reason: 'address-confirmed' },
  details: { ...(firmware && { firmware }), address: '10.0.0.1' },
});

export const tftp = (what: string, outcome: Outcome = 'completed'): Partial<TraceEntry> => ({
  ...{ role: 'tftp', what, outcome },
  reason: outcome === 'completed' ? 'received' : outcome === 'answered' ? 'found' : 'not-found',
});

export const http = (
  what: string,
  details: TraceEntry['details'] = { bytes: 10, total: 10 },
  outcome: Outcome = 'completed',
): Partial<TraceEntry> => ({
  ...{ role: 'http', what, outcome, details, reason: outcome === 'completed' ? 'sent' : 'client-left' },
});

export const script = (boot: string): Partial<TraceEntry> => ({
  ...{ role: 'script', what: 'auto.ipxe', outcome: 'answered', reason: 'workflow-waiting', details: { boot } },
});

export const given = (role: 'worker' | 'system'): Partial<TraceEntry> => ({
  ...{ role, what: 'hello', outcome: 'completed', reason: `${role}-heard` },
});

export function facts(more: Partial<ExplainFacts> = {}): ExplainFacts {
  const up = { state: 'up' } as const;
  return {
    ...{ who: 'node1', macs: ['a'], machine: {} },
    plan: { boot: 'osie', reason: 'workflow-waiting', sentence: 'a workflow is to be run' },
    network: { dhcp: up, tftp: up, http: up, server: 'http://10.0.0.254:8080', startedAt: 0 },
    ...more,
  };
}
