import type { TemplateService } from '../document.ts';
import type { Item } from '../yaml-reader.ts';
import { CONTAINER_KEYS, readContainer } from './container.ts';
import type { FieldReader } from './fields.ts';
import { readHealthcheck } from './healthcheck.ts';
import { readLabels } from './labels.ts';
import { readPorts } from './ports.ts';
import { readRestart } from './restart.ts';
import { readWorker } from './task.ts';
import { parseDuration } from './units.ts';

/** Seconds in which a service must be up, and healthy, where the template does not say. */
const START_TIMEOUT = 120;

const SERVICE_KEYS = [
  'name',
  'worker',
  'labels',
  'ports',
  'healthcheck',
  'restart',
  'start_timeout',
  ...CONTAINER_KEYS,
];

/** A container in the background of the workflow (proposal 0014). */
export function readService(read: FieldReader, item: Item): TemplateService | undefined {
  const fields = read.map(item, 'a service (a map with name, worker and image)', SERVICE_KEYS);
  if (fields === undefined) return undefined;
  const { items } = fields;
  const name = read.name(read.required(fields, 'name'));
  const worker = readWorker(read, read.required(fields, 'worker'));
  const container = readContainer(read, fields, { listed: true });
  const startTimeout = read.parsed(items.get('start_timeout'), 'a time', (text) => {
    const seconds = parseDuration(text);
    if ('problem' in seconds || seconds.value >= 1) return seconds;
    return { problem: `${text} is less than 1 s: a service always has a limit to start in` };
  });
  const healthcheck = readHealthcheck(read, items.get('healthcheck'));
  return {
    name,
    worker,
    ...container,
    labels: readLabels(read, items.get('labels')),
    ports: readPorts(read, items.get('ports'), container.network),
    ...(healthcheck === undefined ? {} : { healthcheck }),
    restart: readRestart(read, items.get('restart')),
    startTimeout: startTimeout ?? START_TIMEOUT,
  };
}
