/** Every command there is, in the order in which the help shows them. */
import { apply } from './apply.ts';
import type { Command, Noun } from './command.ts';
import { completion } from './completion.ts';
import { content } from './content.ts';
import { dhcpSettings } from './dhcp-settings.ts';
import { discovery } from './discovery.ts';
import { doctor } from './doctor.ts';
import { events } from './events.ts';
import { explain } from './explain.ts';
import { file, iso } from './file.ts';
import { get } from './get.ts';
import { image } from './image.ts';
import { inventory } from './inventory.ts';
import { job } from './job.ts';
import { lease } from './lease.ts';
import { machine } from './machine/machine.ts';
import { objectNouns } from './objects.ts';
import { repair } from './repair.ts';
import { action, lab, up, worker } from './roles.ts';
import { status, version } from './status.ts';
import { subnet } from './subnet/subnet.ts';
import { template } from './template.ts';
import { trace } from './trace.ts';
import { webhook } from './webhook.ts';
import { workflow } from './workflow/workflow.ts';

/** Commands about one thing each: `tinsmith machine …`. */
export const NOUNS: readonly Noun[] = [
  machine,
  subnet,
  discovery,
  lease,
  job,
  ...objectNouns,
  content,
  template,
  workflow,
  events,
  webhook,
  image,
  file,
  iso,
];

/** Commands of one word: `tinsmith status`. */
export const COMMANDS: readonly Command[] = [
  up,
  lab,
  status,
  doctor,
  dhcpSettings,
  apply,
  get,
  trace,
  explain,
  inventory,
  worker,
  action,
  repair,
  version,
  completion,
];
