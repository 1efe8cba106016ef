/** What the gRPC services are built on. */
import type { Logger } from 'pino';
import type { LastSeen } from '../../machines/last-seen.ts';
import type { Machines } from '../../machines/machines.ts';
import type { EventLog } from '../../store/events.ts';
import type { Store } from '../../store/store.ts';
import type { Assignments } from '../../workflows/assignments.ts';
import type { WorkflowData } from '../../workflows/data.ts';
import type { Templates } from '../../workflows/templates.ts';
import type { Workflows } from '../../workflows/workflows.ts';
import type { Trust } from './trust.ts';

export interface GrpcParts {
  store: Store;
  events: EventLog;
  machines: Machines;
  templates: Templates;
  workflows: Workflows;
  assignments: Assignments;
  data: WorkflowData;
  lastSeen: LastSeen;
  /** MAC address behind an IP address on a network of ours, as the kernel knows it. */
  neighbour(address: string): string | undefined;
  clock(): number;
  log: Logger;
}

export interface GrpcPolicy {
  /** Whether calls that change or show what is the administrator's need no token (`--grpc-admin on`). */
  openAdministration: boolean;
  trust: Trust;
}
