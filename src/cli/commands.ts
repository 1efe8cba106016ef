/** Every command there is, in the order in which the help shows them. */
import { apply } from './apply.ts';
import type { Command, Noun } from './command.ts';
import { completion } from './completion.ts';
import { events } from './events.ts';
import { get } from './get.ts';
import { image } from './image.ts';
import { machine } from './machine.ts';
import { repair } from './repair.ts';
import { action, lab, up, worker } from './roles.ts';
import { status, version } from './status.ts';
import { template } from './template.ts';
import { explain, trace } from './trace.ts';
import { webhook } from './webhook.ts';
import { workflow } from './workflow/workflow.ts';

/** Commands about one thing each: `tinsmith machine …`. */
export const NOUNS: readonly Noun[] = [machine, template, workflow, events, webhook, image];

/** Commands of one word: `tinsmith status`. */
export const COMMANDS: readonly Command[] = [
  up,
  lab,
  status,
  apply,
  get,
  trace,
  explain,
  worker,
  action,
  repair,
  version,
  completion,
];
