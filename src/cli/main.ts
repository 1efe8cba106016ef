/** The command line as a process: runs it and ends with its exit code. */

import { installStackMapping } from '../executable/stack.ts';
import { runCommandLine } from './cli.ts';
import { unexpected, writeFailure } from './failure.ts';
import { processTerminal } from './terminal.ts';

installStackMapping();
const terminal = processTerminal();

function fail(error: unknown): void {
  // The appliance deals with these itself: one request must not end the service for all.
  if (process.listenerCount('uncaughtException') > 1) return;
  process.exit(writeFailure(unexpected(error), terminal, false));
}
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

void runCommandLine(process.argv.slice(2), terminal).then((code) => {
  process.exitCode = code;
});
