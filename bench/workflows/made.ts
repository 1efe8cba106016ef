/** Machines with their workers' tokens, and workflows for them, in a data directory. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { openParts } from './parts.ts';

const AT_ONCE = 500;

const macOf = (n: number): string => `02:00:00:${[16, 8, 0].map((bits) => hex((n >> bits) & 255)).join(':')}`;
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/**
 * Makes machines, each with a workflow of so many actions (0: none).
 * @param file gets a line for each: token, workflow (or -), boot id, machine
 */
export async function makeMachines(directory: string, file: string, machines: number, actions: number): Promise<void> {
  const parts = await openParts(directory);
  if (actions > 0) await parts.templates.create(templateOf(actions));
  const lines: string[] = [];
  for (let first = 0; first < machines; first += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, machines - first) }, (_, n) => first + n);
    const made = await parts.machines.push(numbers.map(hardwareOf));
    lines.push(
      ...(await Promise.all(
        made.map(async ({ id }, at) => {
          const token = await parts.workerTokens.issue(id);
          const device = { device_1: macOf(numbers[at] ?? 0) };
          const workflow =
            actions > 0 ? (await parts.workflows.create({ template: 'bench', devices: device })).id : '-';
          return `${token} ${workflow} ${randomUUID()} ${id}`;
        }),
      )),
    );
  }
  await writeFile(file, `${lines.join('\n')}\n`);
  await parts.store.close();
}

function hardwareOf(n: number): object {
  const address = `10.${1 + ((n >> 16) & 127)}.${(n >> 8) & 255}.${n & 255}`;
  return {
    id: randomUUID(),
    metadata: { facility: { facility_code: 'onprem' }, instance: {}, state: '' },
    network: {
      interfaces: [
        {
          dhcp: {
            arch: 'x86_64',
            hostname: `machine-${n}`,
            ip: { address, gateway: '10.255.255.254', netmask: '255.0.0.0' },
            mac: macOf(n),
            uefi: true,
          },
          netboot: { allow_pxe: true, allow_workflow: true },
        },
      ],
    },
  };
}

function templateOf(actions: number): string {
  const each = Array.from(
    { length: actions },
    (_, n) =>
      `      - name: action-${n}\n        image: busybox\n        timeout: 600\n        command: ["true", "${n}"]\n`,
  );
  return `version: "0.1"\nname: bench\nglobal_timeout: 6000\ntasks:\n  - name: os-installation\n    worker: "{{.device_1}}"\n    actions:\n${each.join('')}`;
}
