/** A loader of a distribution that is not iPXE, started by the firmware itself: SYSLINUX for EFI, as Debian packages it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Data, Machine, StreamEvent } from '../../src/api/types.ts';
import { hardwareOf } from '../../src/lab/session.ts';
import { busyboxImage } from '../peers/images.ts';
import { scenario } from './scenario.ts';

const LOADER = 'syslinux.efi';
const FILES: Readonly<Record<string, string>> = {
  [LOADER]: '/usr/lib/SYSLINUX.EFI/efi64/syslinux.efi',
  'ldlinux.e64': '/usr/lib/syslinux/modules/efi64/ldlinux.e64',
};

const TEMPLATE = `
version: "0.1"
name: command-line
tasks:
  - name: look
    worker: "{{.device_1}}"
    actions:
      - {name: command-line, image: "command-line:v1", timeout: 60}
`;

scenario(
  'a UEFI machine boots into the in-memory system by SYSLINUX, whose configuration is made for it',
  import.meta.url,
  { firmware: ['uefi'], dhcp: 'reservation', limit: 700 },
  async ({ session, addWorkflow, workflow, until }) => {
    const client = session.client();
    for (const [name, path] of Object.entries(FILES)) {
      const bytes = readFileSync(path);
      await client.store(['files', name], {}, Readable.from([bytes]), { length: bytes.length, headers: {} });
    }
    const image = await busyboxImage(['command-line:v1'], { Cmd: ['/bin/busybox', 'cat', '/proc/cmdline'] });
    await client.upload('images', Readable.from([image]), image.length);
    const [computer] = session.computers;
    assert.ok(computer);
    const hardware = hardwareOf(computer.machine);
    for (const each of hardware.network.interfaces) Object.assign(each.netboot, { ipxe: { binary: LOADER } });
    await client.post<Data<Machine>>('machines', hardware);
    const id = await addWorkflow(TEMPLATE);
    computer.vm.powerOn();
    const fetched = (what: RegExp) =>
      until(
        String(what),
        (event) =>
          event.kind === 'boot.trace' &&
          event.data.role === 'tftp' &&
          event.data.outcome === 'completed' &&
          what.test(event.data.what),
      );
    await fetched(/syslinux\.efi$/);
    await fetched(/ldlinux\.e64$/);
    await fetched(/pxelinux\.cfg/);
    await fetched(/vmlinuz$/);
    await fetched(/osie\.img$/);
    await until('the workflow has ended', (event: StreamEvent) => event.kind === 'workflow.ended');
    const ended = await workflow(id);
    assert.equal(ended.state, 'SUCCESS', ended.message);
  },
);
