/** What the gRPC services are built on. */
import type { Services } from '../services.ts';
import type { Trust } from './trust.ts';

/** The parts of the appliance that Tinkerbell's calls use. */
export type GrpcParts = Pick<
  Services,
  | 'store'
  | 'events'
  | 'machines'
  | 'templates'
  | 'workflows'
  | 'assignments'
  | 'data'
  | 'lastSeen'
  | 'neighbour'
  | 'clock'
  | 'log'
>;

/** What is open to whom. */
export interface GrpcPolicy {
  /** Whether calls that change or show what is the administrator's need no token (`--grpc-admin on`). */
  openAdministration: boolean;
  trust: Trust;
}
