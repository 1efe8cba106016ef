/** Documents 001, 0013 and 0014: what a machine boots comes from a service of its workflow, our worker with it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Data, Image, StreamEvent } from '../../src/api/types.ts';
import { NETWORK } from '../../src/lab/network.ts';
import { busyboxImage } from '../peers/images.ts';
import { scenario } from './scenario.ts';

const OSIE = resolve(import.meta.dirname, '../../dist/osie');
const ARGUMENT = 'booted.by=service';
const PORT = 8090;

/** The kernel and the system are the service's, the worker is the appliance's. */
const AUTO_IPXE = `#!ipxe
kernel \${base}/kernel \${worker_args} initrd=initrd initrd=worker ${ARGUMENT} || exit 1
initrd --name initrd \${base}/initrd || exit 1
initrd --name worker \${tinsmith_server}/boot/\${netX/mac}/worker.cpio || exit 1
boot || exit 1
`;

/** It serves to the appliance only, and not before the gate is open. */
const SERVE = `until test -e /gate/open; do sleep 0.2; done
httpd -f -p 127.0.0.1:${PORT} -h /www & trap 'kill $!; exit 0' TERM; wait`;

const template = (gate: string): string => `
version: "0.1"
name: own-boot-files
services:
  - name: serve boot files
    worker: provisioner
    image: osie-boot-files-server:v1.0.42
    volumes:
      - ${OSIE}/vmlinuz:/www/kernel:ro
      - ${OSIE}/initrd.img:/www/initrd:ro
      - ${gate}:/gate:ro
    healthcheck: {test: [CMD, /bin/busybox, wget, -qO, /dev/null, "http://127.0.0.1:${PORT}/auto.ipxe"], interval: 1s, retries: 1000}
    labels:
      - "traefik.http.routers.myrouter.rule=Host(\`{{workflowid}}.workflows.tinkerbell.local\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/kernel\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/initrd\`)"
      - "traefik.http.routers.myrouter.rule=Path(\`/auto.ipxe\`)"
tasks:
  - name: look
    worker: "{{.device_1}}"
    actions:
      - {name: command-line, image: "command-line:v1", timeout: 60}
`;

scenario(
  'a machine waits for a service of its workflow, boots the script, kernel and system that it serves, and runs its action there',
  import.meta.url,
  { firmware: ['bios'], dhcp: 'reservation', limit: 700, provisioner: true },
  async ({ session, directory, addMachines, addWorkflow, workflow, until, say }) => {
    const client = session.client();
    const load = async (image: Buffer): Promise<void> => {
      await client.upload<Data<Image[]>>('images', Readable.from([image]), image.length);
    };
    await load(
      await busyboxImage(
        ['osie-boot-files-server:v1.0.42'],
        { Cmd: ['/bin/sh', '-c', SERVE], ExposedPorts: { [`${PORT}/tcp`]: {} } },
        { 'www/auto.ipxe': AUTO_IPXE },
      ),
    );
    await load(
      await busyboxImage(['command-line:v1'], { Cmd: ['/bin/busybox', 'grep', '-wF', ARGUMENT, '/proc/cmdline'] }),
    );
    await addMachines();
    const gate = join(directory, 'gate');
    mkdirSync(gate);
    const id = await addWorkflow(template(gate));
    session.computers[0]?.vm.powerOn();

    const boot = (role: string, what: string, wanted: (details: Record<string, unknown>) => boolean = () => true) =>
      until(
        `${role} ${what}`,
        (event) =>
          event.kind === 'boot.trace' &&
          event.data.role === role &&
          event.data.what === what &&
          ['answered', 'completed'].includes(event.data.outcome) &&
          wanted(event.data.details),
      );
    let looks = 0;
    await boot('script', 'auto.ipxe', ({ service }) => service === 'starting' && ++looks === 2);
    say('it waits for the service, and has looked twice');
    writeFileSync(join(gate, 'open'), '');
    const script = await boot('script', 'auto.ipxe', ({ service }) => service === 'up');
    assert.match(
      readFileSync(session.computers[0]?.vm.serialLog ?? '', 'latin1'),
      /\(2 of 40\)/,
      'iPXE counts its waits',
    );
    assert.match(sentenceOf(script), new RegExp(`workflow ${id} .*service of it has its boot script`));
    for (const path of ['auto.ipxe', 'kernel', 'initrd'])
      assert.match(sentenceOf(await boot('http', `serve boot files/${path}`)), / whole: /);
    await boot('http', 'worker.cpio');

    await until('the workflow has ended', (event) => event.kind === 'workflow.ended');
    const ended = await workflow(id);
    assert.equal(ended.state, 'SUCCESS', ended.message);
    const { data: logs } = await client.get<{ data: { entries: { text: string }[] }[] }>('workflows', id, 'logs');
    assert.match(logs.map(({ entries }) => entries.map(({ text }) => text).join('')).join(''), / booted\.by=service/);
    await until(
      'the service has ended',
      (event) => event.kind === 'service.changed' && event.workflow === id && event.data.state === 'STOPPED',
      60,
    );
    assert.equal((await fetch(`http://${NETWORK.address}:8080/workflows/${id}/kernel`)).status, 404);
  },
);

function sentenceOf(event: StreamEvent): string {
  return event.kind === 'boot.trace' ? event.data.sentence : '';
}
