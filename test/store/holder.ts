/** A process that claims a data directory, says "held", and keeps it until it is ended. */
import { writeSync } from 'node:fs';
import { claimDataDirectory } from '../../src/store/index.ts';

claimDataDirectory(process.argv[2] ?? '');
writeSync(1, 'held\n');
process.stdin.resume();
