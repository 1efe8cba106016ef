/** The commands that are Tinsmith at work, not questions to one: `up`, `worker`, `action`, `lab`. */
import { readFileSync } from 'node:fs';
import { command, usage } from './command.ts';
import { PARAM_ACTIONS, workerParam } from './worker-param.ts';

export const up = command({
  usage: 'up',
  summary: 'Start the appliance: DHCP, TFTP, HTTP, gRPC and the workflow engine',
  examples: [
    ['up', 'Look who gives addresses on this network, and say what to boot beside it'],
    ['up --interface eth1 --dhcp reservation', 'Give the addresses too, to known machines on one network'],
    ['up --interface eth1 --dhcp pool --range 10.0.0.100-10.0.0.200', 'And to all others, from a range'],
    ['up --unknown discover', 'Boot machines that nobody knows into the in-memory system, and add them'],
    ['up --settings /etc/tinsmith.yaml', 'With settings from a file, whose keys are the names of these flags'],
  ],
  flags: (yargs) =>
    yargs
      .option('settings', { type: 'string', describe: 'Settings file (YAML) [TINSMITH_SETTINGS]' })
      .option('data', { type: 'string', describe: 'Data directory [/var/lib/tinsmith]' })
      .option('interface', {
        type: 'string',
        array: true,
        describe: 'Interface to serve; may be given several times [all]',
      })
      .option('dhcp', {
        type: 'string',
        choices: ['auto', 'reservation', 'proxy', 'pool', 'off'],
        describe:
          'Give addresses to known machines, only say what to boot, give addresses to all, or nothing; auto looks who else gives addresses, and only says what to boot [auto]',
      })
      .option('range', {
        type: 'string',
        array: true,
        describe: 'Addresses that --dhcp pool gives, FIRST-LAST; may be given several times',
      })
      .option('beside-other-dhcp', {
        type: 'string',
        choices: ['on', 'off'],
        describe: 'Give addresses to everyone even where another DHCP server does [off]',
      })
      .option('dhcp-watch', {
        type: 'number',
        describe: 'Look for other DHCP servers every so many seconds; 0: only at the start [300]',
      })
      .option('unknown', {
        type: 'string',
        choices: ['ignore', 'discover'],
        describe:
          'Machines that are not known: no answer, or boot them and make them known by what they are made of [ignore]',
      })
      .option('dhcp-port', { type: 'number', describe: 'Port of DHCP [67]' })
      .option('proxy-dhcp-port', { type: 'number', describe: 'Port of ProxyDHCP [4011]' })
      .option('tftp', { type: 'string', choices: ['on', 'off'], describe: 'Serve TFTP [on]' })
      .option('tftp-port', { type: 'number', describe: 'Port of TFTP [69]' })
      .option('syslog', {
        type: 'string',
        choices: ['on', 'off'],
        describe: 'Hear what machines say by syslog, and keep it with their boots [on]',
      })
      .option('syslog-port', { type: 'number', describe: 'Port of syslog [514]' })
      .option('http-port', { type: 'number', describe: 'Port of HTTP: API, boot files, images, services [8080]' })
      .option('https-port', { type: 'number', describe: 'Port of HTTPS, where there is a certificate [8443]' })
      .option('http-address', { type: 'string', describe: 'Address that HTTP listens on [0.0.0.0]' })
      .option('osie', {
        type: 'string',
        describe: 'Directory with the kernel and initramfs of the OSIE [osie beside the executable]',
      })
      .option('files', {
        type: 'string',
        describe: 'Directory with files of your own to serve [files in the data directory]',
      })
      .option('kernel-argument', {
        type: 'string',
        array: true,
        describe: 'Added to the kernel command line; may be given several times',
      })
      .option('loader', {
        type: 'string',
        array: true,
        describe:
          'Boot loader for an architecture of DHCP option 93, ours or a file below --files: arm64-uefi=ipxe-arm64.efi',
      })
      .option('secure-boot', {
        type: 'string',
        choices: ['auto', 'on', 'off'],
        describe: 'Signed loaders for UEFI: where a machine needs them, for all, or for none [auto]',
      })
      .option('grpc', {
        type: 'string',
        choices: ['on', 'off'],
        describe: 'Answer Tinkerbell’s workers and command line over gRPC [on]',
      })
      .option('grpc-port', { type: 'number', describe: 'Port of gRPC [42113]' })
      .option('grpc-trust', {
        type: 'string',
        choices: ['hardware', 'any'],
        describe:
          'Whose word a Tinkerbell worker may speak: that of the machine with its address, or anybody’s [hardware]',
      })
      .option('grpc-admin', {
        type: 'string',
        choices: ['on', 'off'],
        describe: 'Take Tinkerbell’s administrative calls without a token [off]',
      })
      .option('tls-cert', {
        type: 'string',
        describe: 'Certificate for HTTPS and gRPC, a file in PEM [none: plain text]',
      })
      .option('tls-key', { type: 'string', describe: 'Key of that certificate, a file in PEM' })
      .option('keep-events', { type: 'number', describe: 'How many events are kept [1000000]' })
      .option('keep-events-days', { type: 'number', describe: 'For how many days they are kept [30]' })
      .option('data-limit', {
        type: 'string',
        describe: 'Largest ephemeral data of a workflow whose template gives no limit [10MiB]',
      })
      .option('provisioner', {
        type: 'string',
        choices: ['on', 'off'],
        describe:
          'Let workflows run containers on this computer, as worker `provisioner`, where there is a Docker Engine [on]',
      })
      .option('docker-socket', { type: 'string', describe: 'Socket of that Docker Engine [/run/docker.sock]' })
      .option('log-level', {
        type: 'string',
        choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
        describe: 'What to log [info]',
      })
      .option('log-format', { type: 'string', choices: ['pretty', 'json'], describe: 'How to log it [pretty]' })
      .epilogue(
        'Each flag can be an environment variable (TINSMITH_DHCP_PORT=6767) or a line of the settings file (dhcp-port: 6767). A flag wins over a variable, that over the file.',
      ),
  async run(args) {
    const { runUp } = await import('../appliance/up.ts');
    await runUp(args);
  },
});

export const worker = command({
  usage: 'worker [what] [action] [param] [value]',
  summary: 'Run the actions, services and Tasks of this machine, or install what does',
  examples: [
    ['worker', 'With everything from the kernel command line, as in the OSIE'],
    ['worker --server http://192.168.1.1:8080 --token TOKEN --id 52:54:00:00:00:01', 'With everything given'],
    ['worker install --root /mnt --boot-env local', 'As a service of the system at /mnt, for this same machine'],
    ['worker uninstall', 'Remove that service from this system'],
    ['worker param get rack', 'In a script of a Task: the value of a param of its machine, as JSON'],
    [`worker param set rack '"B7"'`, 'Set it; - in place of the value takes it from standard input'],
  ],
  flags: (yargs) =>
    yargs
      .positional('what', {
        type: 'string',
        choices: ['install', 'uninstall', 'param'] as const,
        describe: 'Make the worker a service of systemd, or remove it; or see to a param [work now]',
      })
      .positional('action', { type: 'string', choices: PARAM_ACTIONS, describe: 'Of param: what to do with it' })
      .positional('param', { type: 'string', describe: 'Of param: its name' })
      .positional('value', { type: 'string', describe: 'Of param set: JSON, or a text [-: standard input]' })
      .option('raw', { type: 'boolean', describe: 'Of param get: a text as it is, in place of JSON' })
      .option('server', { type: 'string', describe: 'URL of the appliance [TINSMITH_SERVER, tinsmith.server=]' })
      .option('token', { type: 'string', describe: 'Token of this boot [TINSMITH_TOKEN, tinsmith.token=]' })
      .option('id', { type: 'string', describe: 'MAC address of the machine [TINSMITH_ID, tinsmith.id=, BOOTIF=]' })
      .option('boot-env', {
        type: 'string',
        describe: 'Boot environment that the machine is in [TINSMITH_BOOT_ENV, tinsmith.boot-env=; installed: local]',
      })
      .option('docker-socket', {
        type: 'string',
        describe: 'Socket of the container engine [TINSMITH_DOCKER_SOCKET, /run/docker.sock]',
      })
      .option('jobs-directory', {
        type: 'string',
        describe: 'Where Jobs have their folders [TINSMITH_JOBS_DIRECTORY, /run/tinsmith/jobs]',
      })
      .option('root', { type: 'string', describe: 'Of install and uninstall: where the system is mounted [/]' })
      .option('dry-run', { type: 'boolean', describe: 'Of install and uninstall: only say what would be done' }),
  async run({ what, root, dryRun, action, param, value, raw, ...args }, terminal) {
    if (what !== 'install' && what !== 'uninstall' && (root !== undefined || dryRun))
      throw usage('--root and --dry-run are for `worker install` and `worker uninstall`.');
    if (what === 'param') {
      const { server, token } = args;
      return workerParam({ action, name: param, value, raw: raw === true, server, token }, terminal);
    }
    if (action !== undefined || raw) throw usage('get, set, unset and --raw are for `worker param`.');
    const { runWorker, workerSettings } = await import('../worker/index.ts');
    const settings = () =>
      workerSettings({
        flags: args,
        environment: terminal.environment,
        kernelCommandLine: readFileSync('/proc/cmdline', 'utf8'),
      });
    if (what === undefined) {
      const { VERSION } = await import('../version.ts');
      return runWorker(settings(), { version: VERSION });
    }
    const { installWorker, ownSystemctl, uninstallWorker, workerExecutable } = await import(
      '../worker/install/install.ts'
    );
    const place = {
      root: root ?? '/',
      executable: workerExecutable(),
      dryRun: dryRun === true,
      say: (line: string) => void terminal.stdout.write(`${line}\n`),
      systemctl: ownSystemctl(terminal.environment),
    };
    return what === 'install' ? installWorker(settings(), place) : uninstallWorker(place);
  },
});

export const action = command({
  usage: 'action <name>',
  summary: 'Run a built-in action, inside its container',
  examples: [['action image2disk', 'Its settings are environment variables: IMG_URL, DEST_DISK, COMPRESSED']],
  flags: (yargs) =>
    yargs.positional('name', {
      type: 'string',
      demandOption: true,
      describe: 'image2disk, writefile, cexec, wipe or kexec',
    }),
  async run({ name }) {
    const { runAction } = await import('../actions/index.ts');
    return runAction(name);
  },
});

export const lab = command({
  usage: 'lab',
  summary: 'Provision virtual machines on this computer, the whole way, with no hardware',
  examples: [
    ['lab', 'One machine with BIOS firmware, from power-on to the installed system'],
    ['lab --firmware uefi --machines 3', 'Three with UEFI'],
    ['lab --template ubuntu.yaml --keep', 'Try a template of yours, and keep the files of the run'],
  ],
  flags: (yargs) =>
    yargs
      .option('firmware', {
        type: 'string',
        choices: ['bios', 'uefi', 'uefi-http', 'secure-boot'] as const,
        default: 'bios' as const,
        describe: 'Firmware of the machines',
      })
      .option('machines', { type: 'number', default: 1, describe: 'How many' })
      .option('template', { type: 'string', describe: 'File with a template, in place of the lab’s own' })
      .option('keep', { type: 'boolean', default: false, describe: 'Leave the files of the run: disks, logs, data' })
      .option('timeout', { type: 'number', default: 900, describe: 'Give up after so many seconds' })
      .option('memory', { type: 'number', default: 2048, describe: 'MiB for each machine; 1024 will do' })
      .option('output', {
        alias: 'o',
        type: 'string',
        choices: ['table', 'json'] as const,
        default: 'table' as const,
        describe: 'Form of the closing measurements',
      }),
  async run(args) {
    const { runLab } = await import('../lab/lab.ts');
    return runLab(args);
  },
});
