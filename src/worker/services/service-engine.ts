/** What the keeper of services wants of a container engine, beyond what actions want. */
import type { Healthcheck } from '../../workflows/template/document.ts';
import type { Container, ContainerEngine, ContainerState } from '../container-engine.ts';

/** Names a service: `service` is its position among the workflow's services, from 0. */
export interface ServiceKey {
  workflow: string;
  service: number;
}

/** What a worker has written on the container of one start of a service, for the workers after it. */
export interface ServiceMark {
  key: ServiceKey;
  /** The service's name, for people. */
  name: string;
  /** Which start of the service this is, over all workers that had it, from 1. */
  start: number;
  /** Starts so far that were made because the one before had ended. */
  restarts: number;
  /** Starts in a row that did not last: the back-off's exponent. */
  failures: number;
  /** Boot id of the worker that made it. */
  boot: string;
  /** Ports that are the same on the machine, as the container has no network of its own. */
  hostPorts: number[];
  /** Its output holds texts that must not be shown, and that only the server knows. */
  secret: boolean;
}

/** A container for one start of a service. */
export interface ServiceSpec extends Container {
  mark: ServiceMark;
  /** The template's own. */
  labels: Record<string, string>;
  /** Undefined: the image's own, if it has one. */
  healthcheck?: Healthcheck;
  /** Made reachable on the machine at `address`; `published` undefined: at any port that is free. */
  ports: { port: number; protocol: 'tcp' | 'udp'; published?: number; address: string }[];
}

/** A container of a service that is there. */
export interface FoundService {
  id: string;
  mark: ServiceMark;
}

/** How a service's container is. */
export interface ServiceState extends ContainerState {
  /** Undefined: it is not checked. */
  health?: { status: 'starting' | 'healthy' | 'unhealthy' /** Of the last check. */; output: string };
  /** The container's ports, and those of the machine that lead to them. */
  published: Record<string, number>;
}

/** Every call throws EngineError. */
export interface ServiceEngine extends ContainerEngine {
  /** All containers of services that a worker made, running or not. */
  services(): Promise<FoundService[]>;
  /** Makes a container, or finds the one of the same start that an earlier call made. Returns its id. */
  createService(spec: ServiceSpec): Promise<string>;
  inspectService(id: string): Promise<ServiceState>;
  /** TCP ports that the image says it serves (EXPOSE). */
  exposedPorts(image: string): Promise<number[]>;
  /** Whether containers can have a network of their own: the engine has its `bridge`. */
  hasBridge(): Promise<boolean>;
}

/** Whether two keys name the same service. */
export const sameService = (a: ServiceKey, b: ServiceKey): boolean =>
  a.workflow === b.workflow && a.service === b.service;
