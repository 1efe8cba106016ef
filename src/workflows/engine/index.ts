/**
 * The workflow engine, pure: what a worker is to do next, what a report, a command or the time means, and how a workflow
 * follows from its events. It knows nothing of disks, sockets or clocks.
 */
export { type Command, type CommandOutcome, obey } from './commands.ts';
export { follow } from './consequences.ts';
export { bootableDisks, installedDisks } from './disks.ts';
export { fold, untouched } from './fold.ts';
export { dueAt, expire, type Heard, TINKERBELL_BOOT } from './limits.ts';
export { type ReportOutcome, takeReport } from './reports.ts';
export { takeServiceReport, waitingService, wantsServices } from './services.ts';
export { holdUp, nextStep, type Step } from './turn.ts';
