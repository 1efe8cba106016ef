import type { Machine } from '../../machines/machines.ts';
import {
  FunctionFault,
  fixed,
  type Spend,
  stringArgument,
  type TemplateFunction,
} from '../../workflows/template/gotemplate/index.ts';
import { archOf, type RenderContext } from './context.ts';
import { Struct } from './struct.ts';
import { copied } from './values.ts';

/** Id of no Job, as Digital Rebar writes it. */
const NO_JOB = '00000000-0000-0000-0000-000000000000';

/** Where a machine's own files are, below the server's: `machines/<uuid>`. */
export function pathOf(machine: Machine): string {
  return `machines/${machine.id}`;
}

/** `.Machine` */
export function machineOf(context: RenderContext, machine: Machine): Struct {
  const { life, job, bootEnv, stage, server } = context;
  const interfaces = machine.hardware.network.interfaces.map(({ dhcp }) => dhcp);
  const address = interfaces.find(({ ip }) => ip)?.ip?.address ?? '';
  const macs = interfaces.map(({ mac }) => mac);
  const macAddr: TemplateFunction = {
    min: 0,
    max: 1,
    call: ([format = 'raw']) => macAs(stringArgument(format, 'the format'), macs[0] ?? ''),
  };
  const url = (): string => `${server.url}/${pathOf(machine)}`;
  return new Struct('Machine', machine.name, {
    Name: () => machine.name,
    ShortName: () => machine.name.split('.')[0] ?? machine.name,
    UUID: () => machine.id,
    Uuid: () => machine.id,
    Key: () => machine.id,
    Path: () => pathOf(machine),
    Url: url,
    URL: url,
    Address: () => address,
    HexAddress: () => hexadecimal(address),
    HardwareAddrs: () => macs,
    MacAddr: macAddr,
    Arch: () => archOf(context),
    OS: () => bootEnv?.os.name ?? '',
    Stage: () => stage?.name ?? life.stage ?? '',
    BootEnv: () => bootEnv?.name ?? life.bootEnv ?? '',
    Workflow: () => life.list ?? '',
    Tasks: () => [...life.tasks],
    Profiles: () => [...life.profiles],
    HasProfile: fixed(1, ([name]) => life.profiles.includes(stringArgument(name, "the profile's name"))),
    // Sealed values stay so: `.Param` opens them where that may be.
    Params: fixed(0, (_, spend: Spend) => copied(life.params, spend)),
    CurrentJob: () => job ?? NO_JOB,
    Locked: () => life.locked,
    Runnable: () => life.halt === undefined,
    Description: () => '',
    Secret: () => {
      throw new FunctionFault('.Machine.Secret: machines have no secret of their own; use .GenerateToken', true);
    },
  });
}

/** `C0A80133`, as PXELINUX and ELILO look for their files. */
function hexadecimal(address: string): string {
  if (address === '') return '';
  return address
    .split('.')
    .map((byte) => Number(byte).toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}

/** PXELINUX wants the hardware type in front, the Raspberry Pi's firmware only dashes. */
function macAs(format: string, mac: string): string {
  const dashed = mac.replaceAll(':', '-');
  switch (format) {
    case 'pxelinux':
    case 'pxe':
      return `01-${dashed}`;
    case 'rpi4':
    case 'rpi':
      return dashed;
    default:
      return mac;
  }
}
