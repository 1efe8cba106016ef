#!/usr/bin/env node
/** The door: runs the command line and ends with its exit code. */
import { runCommandLine } from './cli/cli.ts';
import { unexpected, writeFailure } from './cli/failure.ts';
import { processTerminal } from './cli/terminal.ts';

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
