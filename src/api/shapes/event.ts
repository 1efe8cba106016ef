/** The event stream: what an event says, by its kind. `at` and other plain numbers of time are ms since 1970. */
import { z } from 'zod';
import { MODES } from '../../boots/subnets/index.ts';
import { EXIT_STATES } from '../../life/job-record.ts';
import { logEntry, progress } from '../../worker/protocol.ts';
import { otherServer, traceEntry } from './appliance.ts';
import { contentChange } from './content.ts';
import { jobState } from './job.ts';
import { haltReason } from './life.ts';
import { instant } from './page.ts';
import { outcomeFact, serviceProgress } from './workflow.ts';

/** Names an action, with the names that people know it by. */
const ofAction = { action: z.int(), task: z.string(), name: z.string() };
/** Names an attempt at one. */
const ofAttempt = { ...ofAction, attempt: z.int() };
/** Names a service. */
const ofService = { service: z.int(), name: z.string() };
const at = z.number();
/** Name of the template that the workflow was made from. */
const ofWorkflow = { name: z.string(), at };
const named = z.object({ name: z.string() });
const ofSubnet = z.object({ name: z.string(), network: z.string(), mode: z.enum(MODES) });
const ofTemplate = z.object({ template: z.string().describe('Id of the template.'), name: z.string() });

const ofJob = z.object({
  job: z.string().describe('Id of the Job.'),
  workflow: z.string().describe('Id of the workflow that it belongs to.'),
  task: z.string(),
  stage: z.string(),
  state: jobState,
  exitState: z.enum(EXIT_STATES).optional(),
});
const ofPack = z.object({
  ...{ name: z.string(), version: z.string() },
  ...{ added: z.int(), changed: z.int(), removed: z.int() },
});
const ofHalt = z.object({ why: haltReason.optional(), sentence: z.string().optional() });
/** What a Job wants done with the machine, or its agent. */
const exit = z.enum(['stop', 'reboot', 'poweroff']).optional();

/** An action that is to be done. */
const planned = z.object({ task: z.string(), name: z.string(), machine: z.string(), timeout: z.number() });

/** Data of every kind of event. */
export const facts = {
  'workflow.created': z.object({
    name: z.string(),
    actions: z.array(planned),
    services: z.array(z.object({ name: z.string(), machine: z.string() })),
  }),
  'workflow.begun': z.object(ofWorkflow),
  'workflow.served': z.object(ofWorkflow),
  'service.changed': serviceProgress.extend({ ...ofService, at }),
  'action.started': z.object({ ...ofAttempt, boot: z.string(), at, heardAt: at.optional() }),
  'action.ended': z.object({
    ...ofAttempt,
    boot: z.string(),
    at,
    state: z.enum(['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED']),
    seconds: z.number(),
    message: z.string(),
    exitCode: z.int().optional(),
    logTail: z.array(z.string()).optional(),
    diskWrites: z.record(z.string(), z.number()).optional(),
    bootableDisks: z.array(z.string()).optional(),
    exit,
  }),
  'action.incomplete': z
    .object({
      ...{ ...ofAttempt, boot: z.string(), at, seconds: z.number(), message: z.string() },
      ...{ exitCode: z.int().optional(), exit },
    })
    .describe('A Task is to be run again, as the same Job.'),
  'action.lost': z.object({ ...ofAttempt, boot: z.string(), at }),
  'action.retrying': z.object({ ...ofAction, notBefore: z.number(), at }),
  'action.skipped': z.object({ ...ofAction, message: z.string(), at }),
  'workflow.failing': outcomeFact.extend({ ...ofWorkflow, hooks: z.array(planned) }),
  'workflow.ended': z.object({
    name: z.string().optional(),
    state: z.enum(['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED']),
    message: z.string(),
    installed: z.array(z.string()),
    at,
  }),
  'workflow.paused': z.object(ofWorkflow),
  'workflow.resumed': z.object(ofWorkflow),
  'workflow.retried': z.object({ ...ofWorkflow, from: z.int().describe('Position of the action it goes on from.') }),
  'workflow.extended': z.object({
    ...ofWorkflow,
    from: z.int().describe('Position of the first Task that is another.'),
    tasks: z.array(z.string()),
  }),
  'workflow.deleted': z.object({ name: z.string().optional(), state: z.string().optional(), at: at.optional() }),
  'data.changed': z.object({
    version: z.int(),
    size: z.number().describe('Bytes.'),
    by: z.object({
      name: z.string(),
      worker: z.string().optional(),
      task: z.string().optional(),
      action: z.string().optional(),
    }),
    merged: z.boolean(),
  }),
  log: z.union([
    z.object({ ...ofAttempt, from: z.int(), entries: z.array(logEntry) }),
    z.object({ ...ofService, start: z.int(), from: z.int(), entries: z.array(logEntry) }),
  ]),
  progress: z.object({ ...ofAttempt, progress }),
  'boot.trace': traceEntry,
  'boot.stuck': z
    .object({
      ...{ name: z.string(), mac: z.string(), boot: z.int(), code: z.string() },
      sentence: z.string().describe('Why it does not go on: the first link that is missing.'),
    })
    .describe('Told once for each boot of a machine.'),
  'worker.hello': z.looseObject({ mac: z.string(), boot: z.string(), version: z.string(), restarted: z.boolean() }),
  'network.dhcp-server-appeared': otherServer.extend({ sentence: z.string() }),
  'network.dhcp-server-gone': otherServer.extend({ sentence: z.string() }),
  'machine.added': named,
  'machine.updated': named,
  'machine.deleted': named,
  'machine.discovered': z.object({
    ...{ name: z.string(), mac: z.string() },
    rule: z.int().optional().describe('Position of the discovery rule that it was made by.'),
  }),
  'machine.conflict': z.object({
    mac: z.string(),
    machines: z.array(z.object({ id: z.string(), name: z.string() })),
    sentence: z.string().describe('Why it is not clear which machine this MAC address belongs to.'),
  }),
  'discovery.rules': z.object({ rules: z.int().describe('How many there are now.') }),
  'machine.called-home': z.object({ installed: z.boolean() }),
  'machine.stage': z.object({
    stage: z.string(),
    from: z.string().optional().describe('The stage before.'),
    bootEnv: z.string().optional(),
    tasks: z.array(z.string()),
  }),
  'machine.bootenv': z.object({ bootEnv: z.string() }),
  'machine.list': z.object({ list: z.string().optional().describe('The list of stages that it goes through now.') }),
  'machine.halted': ofHalt,
  'machine.runnable': ofHalt,
  'machine.rests': z.object({ sentence: z.string().describe('Why it is in its stage still, once all is done.') }),
  'machine.tasks': z.object({ tasks: z.array(z.string()), begun: z.int().describe('How many of them had begun.') }),
  'machine.params': z.object({ set: z.array(z.string()), unset: z.array(z.string()) }).describe('Names only.'),
  'machine.profiles': z.object({ profiles: z.array(z.string()) }),
  'machine.locked': z.object({}),
  'machine.unlocked': z.object({}),
  'job.created': ofJob,
  'job.changed': ofJob,
  'job.deleted': ofJob,
  'content.changed': contentChange,
  'pack.added': ofPack,
  'pack.updated': ofPack,
  'pack.removed': ofPack,
  'subnet.added': ofSubnet,
  'subnet.updated': ofSubnet,
  'subnet.deleted': ofSubnet,
  'template.created': ofTemplate,
  'template.updated': ofTemplate,
  'template.deleted': ofTemplate,
  'webhook.test': z.object({}),
  'stream.gap': z
    .object({ from: z.int(), oldest: z.int() })
    .describe('The events from one number on are kept no more; the oldest that is kept is told next.'),
  'stream.live': z.object({}).describe('All that was kept has been told; what follows happens now.'),
} as const;
export type EventKind = keyof typeof facts;

/** What an event says, by its kind. */
export type StreamFacts = { [Kind in EventKind]: z.infer<(typeof facts)[Kind]> };

/**
 * `GET events[?workflow=ID][&machine=ID…][&kind=KIND…]`, server-sent: `id:` is `seq` (left out when it is 0), `event:` is
 * `kind`, `data:` is this as JSON. With `Last-Event-ID: n` the events kept since n come first (0: all of them), then
 * `stream.live`, which comes at once without that header. `machine=` and `kind=` may be given several times; beside
 * `workflow=`, `machine=` adds what is told of those machines themselves (their boot). A comment line comes at least
 * every 20 s.
 */
export type StreamEvent = {
  [Kind in EventKind]: {
    /** Position in the stream, for Last-Event-ID; 0 for what is only told live and not kept. */
    seq: number;
    time: string;
    kind: Kind;
    /** Id of the machine, and of the workflow, that it is about. */
    machine?: string;
    workflow?: string;
    data: StreamFacts[Kind];
  };
}[EventKind];

/** An event of any kind, also of one that this version does not know. */
export const anyEvent = z
  .object({
    seq: z.int().min(0).describe('Position in the stream, for Last-Event-ID; 0 for what is told live and not kept.'),
    time: instant,
    kind: z.string().describe(`${Object.keys(facts).join(', ')}; more may come.`),
    machine: z.string().optional().describe('Id of the machine that it is about.'),
    workflow: z.string().optional().describe('Id of the workflow that it is about.'),
    data: z.record(z.string(), z.unknown()).describe('By its kind: see the schemas named Event…'),
  })
  .meta({ id: 'Event' });
export type AnyEvent = z.infer<typeof anyEvent>;
