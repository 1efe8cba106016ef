/** What the routes are built on: every part of the appliance that they call. */
import type { Logger } from 'pino';
import type { BootFiles } from '../boots/boot-files.ts';
import type { FileStore } from '../boots/files/index.ts';
import type { IsoShelf } from '../boots/iso/index.ts';
import type { LeaseStore } from '../boots/leases/index.ts';
import type { LoaderChoice } from '../boots/loaders.ts';
import type { Subnets } from '../boots/subnets/index.ts';
import type { Trace } from '../boots/trace.ts';
import type { Content } from '../content/index.ts';
import type { Jobs } from '../life/jobs.ts';
import type { Lives } from '../life/lives.ts';
import type { Discovery } from '../machines/discovery/discovery.ts';
import type { LastSeen } from '../machines/last-seen.ts';
import type { Machines } from '../machines/machines.ts';
import type { Builtins, Images, Registry } from '../registry/index.ts';
import type { EventLog } from '../store/events.ts';
import type { Store } from '../store/store.ts';
import type { Webhooks } from '../webhooks/index.ts';
import type { Assignments } from '../workflows/assignments.ts';
import type { WorkflowData } from '../workflows/data.ts';
import type { Templates } from '../workflows/templates.ts';
import type { WorkerOutput } from '../workflows/worker-output.ts';
import type { Workflows } from '../workflows/workflows.ts';

import type { Stream } from './stream.ts';
import type { WorkerTokens } from './tokens.ts';
import type { Status } from './types.ts';
import type { WorkerStream } from './worker-stream.ts';

/** The parts of a running appliance. */
export interface Services {
  store: Store;
  events: EventLog;
  machines: Machines;
  templates: Templates;
  workflows: Workflows;
  assignments: Assignments;
  output: WorkerOutput;
  data: WorkflowData;
  content: Content;
  lives: Lives;
  jobs: Jobs;
  discovery: Discovery;
  /** With it values of secure params are sealed before they are sent. */
  sealingPublicKey: string;
  lastSeen: LastSeen;
  /** The streams that spare workers asking. */
  workerStream: WorkerStream;
  subnets: Subnets;
  trace: Trace;
  leases: LeaseStore;
  stream: Stream;
  webhooks: Webhooks;
  images: Images;
  builtins: Builtins | undefined;
  registry: Registry;
  bootFiles: BootFiles;
  files: FileStore;
  isos: IsoShelf;
  workerTokens: WorkerTokens;
  adminToken: string;
  /** ISO 8601 */
  startedAt: string;
  status(): Status;
  /** `http://ADDRESS:PORT` by which a machine with this address reaches us. */
  serverUrl(address: string | undefined): string;
  /** What is set of boot loaders for all machines. */
  loaderChoice: LoaderChoice;
  /** MAC address behind an IP address on a network of ours, as the kernel knows it. */
  neighbour(address: string): string | undefined;
  clock(): number;
  log: Logger;
}
