/** Our TFTP server alone, for the benchmark: `tftp-server.ts ADDRESS PORT FILE` serves FILE from memory. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pino } from 'pino';
import { bootFiles, startTftp } from '../../src/boots/tftp/index.ts';

const [address = '127.0.0.1', port = '69', file = ''] = process.argv.slice(2);
const log = pino();
await startTftp({
  addresses: [address],
  port: Number(port),
  files: bootFiles(new Map([[basename(file), readFileSync(file)]])),
  log,
  note: (entry) => log.debug(entry),
});
process.stdout.write('ready\n');
