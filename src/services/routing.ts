/** The way to a service: from what a request asks to where it goes, or why it goes nowhere. Pure. */
import { isIPv4 } from 'node:net';
import { isFinal, type ServiceRecord, type WorkflowState } from '../workflows/workflow.ts';
import type { ServiceAddress } from './address.ts';
import { type Route, routesOf } from './labels.ts';
import { matches } from './rules.ts';

/** What is looked at of a workflow. */
export interface RoutedWorkflow {
  id: string;
  name: string;
  state: WorkflowState;
  services: readonly RoutedService[];
}
/** What is looked at of a service. */
export type RoutedService = Pick<
  ServiceRecord,
  'name' | 'labels' | 'ports' | 'machine' | 'state' | 'endpoints' | 'exitCode' | 'message'
>;

/** Where a request goes, or why nowhere. */
export type Routing =
  | {
      target: { address: string; port: number };
      service: string;
      workflow: string;
    }
  | {
      refused: 'no-workflow' | 'workflow-ended' | 'no-route' | 'not-up' | 'service-ended' | 'service-failed';
      /** One sentence for people, without its end. */
      sentence: string;
      next?: string;
      /** Seconds after which asking again may help. */
      retryAfter?: number;
    };

/** Seconds: a service that starts does so within a few. */
const RETRY_AFTER = 2;

/**
 * Where a request goes.
 * @param workflow the one that the address names; undefined: there is none
 */
export function routeRequest(
  workflow: RoutedWorkflow | undefined,
  { workflow: id, host, path }: ServiceAddress,
  method: string,
): Routing {
  if (!workflow) {
    return {
      refused: 'no-workflow',
      sentence: `there is no workflow ${id}`,
      next: 'Workflows: tinsmith workflow list',
    };
  }
  if (isFinal(workflow.state)) {
    return {
      refused: 'workflow-ended',
      sentence: `workflow ${id} (${workflow.name}) has ended with ${workflow.state}, and its services with it`,
    };
  }
  const request = { host, path: path.replace(/\?.*$/s, ''), method };
  const all = workflow.services.flatMap((service) =>
    routesOf(service.labels).routes.map((route) => ({ service, route })),
  );
  const fitting = all
    .filter(({ route }) => matches(route.rule, request))
    .sort((a, b) => b.route.priority - a.route.priority);
  const [first] = fitting;
  if (first === undefined) {
    const where = `${method} ${host ?? ''}${request.path}`;
    return { refused: 'no-route', sentence: `no service of workflow ${id} answers ${where}`, next: listed(all) };
  }
  // As in Traefik, only services that are up take part, where there is one.
  const { service, route } = fitting.find((each) => isUp(each.service)) ?? first;
  return isUp(service) ? towards(service, route, id) : notUp(service);
}

/**
 * Whether a service of the workflow is, or will be, there for this path of a machine that is not yet booted; so none on
 * the machine itself counts.
 */
export function answering(workflow: RoutedWorkflow, path: string, machine: string): 'up' | 'starting' | undefined {
  const services = workflow.services.filter((service) => service.machine !== machine);
  const address = { workflow: workflow.id, host: undefined, path, prefix: '' };
  const routing = routeRequest({ ...workflow, services }, address, 'GET');
  if (!('refused' in routing)) return 'up';
  return routing.refused === 'not-up' ? 'starting' : undefined;
}

function isUp({ state }: RoutedService): boolean {
  return state === 'UP' || state === 'HEALTHY';
}

function notUp({ name, state, exitCode, message }: RoutedService): Routing {
  const why = message ? `: ${message}` : '';
  const wait = (is: string): Routing => ({
    refused: 'not-up',
    sentence: `the service ${name} ${is}${why}`,
    retryAfter: RETRY_AFTER,
  });
  switch (state) {
    case 'RESTARTING':
      return wait(`has ended${exitCode === undefined ? '' : ` with exit code ${exitCode}`} and is started again`);
    case 'UNHEALTHY':
      return wait('is not healthy');
    case 'FAILED':
      return { refused: 'service-failed', sentence: `the service ${name} has failed${why}` };
    case 'ENDED':
    case 'STOPPED':
      return { refused: 'service-ended', sentence: `the service ${name} has ended${why}` };
    case 'PENDING':
    case 'STARTING':
    case 'UP':
    case 'HEALTHY':
      return wait('is not up yet');
  }
}

/**
 * The port of the label, or the first that the template names, or the lowest that is reached. The address is the record's
 * and never the request's, and a number: nothing is looked up.
 */
function towards({ name, ports, endpoints = {} }: RoutedService, route: Route, workflow: string): Routing {
  const [lowest] = Object.keys(endpoints)
    .map(Number)
    .sort((a, b) => a - b);
  const port = route.port ?? ports.find(({ protocol }) => protocol === 'tcp')?.port ?? lowest;
  const endpoint = port === undefined ? undefined : endpoints[String(port)];
  const [, address = '', number = ''] = /^(.+):(\d{1,5})$/.exec(endpoint ?? '') ?? [];
  if (isIPv4(address) && Number(number) >= 1 && Number(number) <= 65_535) {
    return { target: { address, port: Number(number) }, service: name, workflow };
  }
  return {
    refused: 'service-failed',
    sentence: `port ${port ?? '(none)'} of the service ${name} is not reached from outside its container`,
    next:
      lowest === undefined
        ? 'Name its port in the template, under `ports`.'
        : `Reached are: ${Object.keys(endpoints).join(', ')}.`,
  };
}

function listed(all: readonly { service: RoutedService; route: Route }[]): string {
  if (all.length === 0) return 'None of its services has a routing label.';
  return `There are: ${all.map(({ service, route }) => `${route.text} (${service.name})`).join('; ')}`;
}
