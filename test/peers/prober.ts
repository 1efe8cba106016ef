// Looks for DHCP servers as a program of its own, to be run inside a network namespace. Takes the interfaces as JSON in the
// first parameter; tells by a line of JSON for each that appears or goes, and one for each round.
import { type OtherServer, type ProbeResult, probe, watchServers } from '../../src/boots/other-servers/index.ts';

export interface ProberSetting {
  interfaces: string[];
  own: string[];
  /** ms between rounds; none: one round, and the end. */
  every?: number;
}
export type ProberLine = { appeared: OtherServer } | { gone: OtherServer } | { ended: true } | { round: ProbeResult };

if (import.meta.main) {
  const setting: ProberSetting = JSON.parse(process.argv[2] ?? '');
  const tell = (line: ProberLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const { interfaces } = setting;
  const isOwn = (address: string) => setting.own.includes(address);
  if (setting.every === undefined) tell({ round: await probe({ interfaces, isOwn }) });
  else {
    // The watch itself keeps no process alive.
    setInterval(() => undefined, 1000);
    watchServers({
      probe: (options) => probe({ interfaces, isOwn, timing: { asks: [0], until: 500 }, ...options }),
      ...{ every: setting.every, clock: Date.now, settles: () => false, random: Math.random, failed: console.error },
      appeared: (appeared) => tell({ appeared }),
      gone: (gone) => tell({ gone }),
      ended: () => tell({ ended: true }),
    });
  }
}
