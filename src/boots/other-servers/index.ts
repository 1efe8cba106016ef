/** The other DHCP servers of our networks: who they are, whether we fit beside them, and who comes and goes. */
export { checkMode, type DhcpChoice, type Found, type ModeWarning, modeOf, warningOf } from './choice.ts';
export { type Looked, type ProbeOptions, type ProbeResult, probe, type Timing } from './probe.ts';
export { describe, givesAddresses, type OtherServer, offers } from './server.ts';
export { type Watch, type WatchOptions, watchServers } from './watch.ts';
