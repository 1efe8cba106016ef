/** One virtual computer: QEMU with real firmware, an empty disk, a cable, and a serial line that is kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createWriteStream, existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, type Firmware, firmwareArguments, variablesOf } from './firmware.ts';
import type { LabMachine } from './network.ts';
import { kvmWorks } from './preflight.ts';

export interface VirtualMachineOptions {
  machine: LabMachine;
  firmware: Firmware;
  /** Where its disk, firmware variables and serial log lie. */
  directory: string;
  /** MiB */
  memory: number;
  /** Bytes */
  disk: number;
}

export class VirtualMachine extends EventEmitter<{ line: [string]; off: []; failed: [string] }> {
  readonly #options: VirtualMachineOptions;
  #process: ChildProcess | undefined;

  constructor(options: VirtualMachineOptions) {
    super();
    this.#options = options;
  }

  /** The serial line, as a file. */
  get serialLog(): string {
    return join(this.#options.directory, `${this.#options.machine.name}.serial.log`);
  }

  /** Its disk, as a file: made empty when it is first switched on, unless it is there. */
  get disk(): string {
    return join(this.#options.directory, `${this.#options.machine.name}.disk`);
  }

  get isOn(): boolean {
    return this.#process !== undefined;
  }

  powerOn(): void {
    if (this.#process) return;
    const program = `qemu-system-${this.#options.machine.architecture}`;
    const child = spawn(program, this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    const log = createWriteStream(this.serialLog, { flags: 'a' });
    let rest = '';
    const take = (chunk: Buffer): void => {
      log.write(chunk);
      const lines = (rest + chunk.toString('latin1')).split(/[\r\n]+/);
      rest = (lines.pop() ?? '').slice(-4096);
      for (const line of lines) this.emit('line', line);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-1000);
    });
    child.once('close', (code) => {
      log.end();
      this.#process = undefined;
      this.emit('off');
      if (code)
        this.emit('failed', `QEMU of ${this.#options.machine.name} ended with exit code ${code}: ${said.trim()}`);
    });
    child.once('error', (error) => this.emit('failed', `QEMU does not start: ${error.message}`));
  }

  /** Pulls the plug: nothing in the machine hears of it. */
  async powerCut(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const off = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await off;
  }

  #arguments(): string[] {
    const { machine, firmware, directory, memory } = this.#options;
    const { disk } = this;
    if (!existsSync(disk)) {
      writeFileSync(disk, '');
      truncateSync(disk, this.#options.disk);
    }
    // What the disk takes is lost with the lab anyway, so nothing waits for the host's disk.
    const args = [
      '-no-user-config',
      '-nodefaults',
      '-display',
      'none',
      '-monitor',
      'none',
      '-serial',
      'stdio',
      ...processor(machine.architecture),
      '-smp',
      '2',
      '-m',
      String(memory),
      '-uuid',
      machine.uuid,
      '-smbios',
      `type=1,manufacturer=Tinsmith,product=Lab,serial=LAB${machine.number}`,
      '-object',
      'rng-random,filename=/dev/urandom,id=rng0',
      '-device',
      'virtio-rng-pci,rng=rng0',
      '-netdev',
      `tap,id=net0,ifname=${machine.tap},script=no,downscript=no`,
      '-drive',
      `file=${disk},format=raw,if=none,id=disk0,cache=unsafe`,
    ];
    return [...args, ...firmwareArguments(firmware, machine.mac, variablesOf(directory, machine.name))];
  }
}

/** How the processor is run. */
function processor(architecture: Architecture): string[] {
  switch (architecture) {
    case 'x86_64':
      return ['-accel', kvmWorks() ? 'kvm' : 'tcg,thread=multi', '-cpu', 'max'];
    // Emulated: the lab's host is x86-64. The newest processor signs its pointers, which takes most of the time then.
    case 'aarch64':
      return ['-accel', 'tcg,thread=multi', '-cpu', 'cortex-a72'];
  }
}
