/** How a workflow's services are addressed: by a host's name (proposal 0015), or without DNS by a path. Pure. */

/** The rest of the host's name after the workflow's id. */
export const SERVICE_DOMAIN = '.workflows.tinkerbell.local';
/** The beginning of the path, before the workflow's id. */
const PREFIX = '/workflows/';

/** What a request is for, when it is for a service. */
export interface ServiceAddress {
  workflow: string;
  /** Undefined: it came by path, and the rules' hosts count as matched. */
  host: string | undefined;
  /** What the service sees, with the query; it begins with `/`. */
  path: string;
  /** What was taken from the path's beginning: `/workflows/ID` or nothing. */
  prefix: string;
}

/**
 * Reads Host header and request target (its path, with the query). Undefined: it is for none of the services. Whoever
 * changes this changes what else the appliance's own routes can be.
 */
export function serviceAddress(host: string | undefined, target: string): ServiceAddress | undefined {
  if (!target.startsWith('/')) return undefined;
  const name = (host ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
  if (name.endsWith(SERVICE_DOMAIN)) {
    return { workflow: name.slice(0, -SERVICE_DOMAIN.length), host: name, path: target, prefix: '' };
  }
  if (!target.startsWith(PREFIX)) return undefined;
  const [, workflow = '', rest = ''] = /^([^/?]*)(.*)$/s.exec(target.slice(PREFIX.length)) ?? [];
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  return { workflow, host: undefined, path, prefix: PREFIX + workflow };
}
