/** As httpload.c, for a machine without a C compiler: it costs more, so figures of the two do not compare. */
import { Agent, get } from 'node:http';

const [port, path, clients = 1, repeats = 1] = [
  process.argv[2],
  process.argv[3],
  Number(process.argv[4]),
  Number(process.argv[5]),
];
const agent = new Agent({ keepAlive: true, maxSockets: clients });
const began = performance.now();
let total = 0;

async function download(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    get(`http://127.0.0.1:${port}${path}`, { agent }, (res) => {
      if (res.statusCode !== 200) reject(new Error(`status ${res.statusCode}`));
      res.on('data', (chunk: Buffer) => {
        total += chunk.length;
      });
      res.once('end', resolve).once('error', reject);
    }).once('error', reject);
  });
}

await Promise.all(
  Array.from({ length: clients }, async () => {
    for (let n = 0; n < repeats; n++) await download();
  }),
);
process.stdout.write(`${total} ${(performance.now() - began) / 1000}\n`);
agent.destroy();
