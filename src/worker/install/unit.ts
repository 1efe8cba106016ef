/** The worker as a service of systemd on an installed system: its unit and its settings, as texts. Pure. */
import type { WorkerSettings } from '../settings.ts';

export const UNIT = 'tinsmith-worker.service';
export const UNIT_PATH = `/etc/systemd/system/${UNIT}`;
/** As `systemctl enable` would link it. */
export const WANTED_PATH = `/etc/systemd/system/multi-user.target.wants/${UNIT}`;
export const SETTINGS_PATH = '/etc/tinsmith/worker.env';
export const EXECUTABLE_PATH = '/usr/local/bin/tinsmith';
/** Beside the appliance's own directory: one computer may be both. Survives a restart, unlike /run. */
const STATE = 'tinsmith-worker';

/** Exit code 64: its settings are wrong. 0 ends it by itself: the server has said so. */
export const UNIT_TEXT = `# Written by \`tinsmith worker install\`, removed by \`tinsmith worker uninstall\`.
[Unit]
Description=Tinsmith worker: does what the appliance has for this machine
Wants=network-online.target
After=network-online.target docker.service
# However long the appliance is away: it is tried again.
StartLimitIntervalSec=0

[Service]
EnvironmentFile=${SETTINGS_PATH}
StateDirectory=${STATE}
StateDirectoryMode=0700
ExecStart=${EXECUTABLE_PATH} worker
Restart=on-failure
RestartSec=5
# With wrong settings it would not start the next time either.
RestartPreventExitStatus=64
# It ends its scripts itself. What a Task has started to stay, stays when the worker is started again.
KillMode=process
TimeoutStopSec=30

[Install]
WantedBy=multi-user.target
`;

/** The file with the settings; it has the token in it. */
export function settingsText({ server, token, id, dockerSockets, bootEnv, jobsDirectory }: WorkerSettings): string {
  const [socket, ...others] = dockerSockets;
  const variables = {
    TINSMITH_SERVER: server,
    TINSMITH_TOKEN: token,
    TINSMITH_ID: id,
    TINSMITH_BOOT_ENV: bootEnv ?? 'local',
    TINSMITH_JOBS_DIRECTORY: jobsDirectory ?? `/var/lib/${STATE}/jobs`,
    // Several are where it is looked for anyway.
    ...(socket === undefined || others.length > 0 ? {} : { TINSMITH_DOCKER_SOCKET: socket }),
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}\n`);
  return `# Settings of ${UNIT}. The token opens the work of this machine: keep it secret.\n${lines.join('')}`;
}

/** systemd.exec(5), EnvironmentFile=: in double quotes, a backslash goes before these. */
const quoted = (value: string): string => `"${value.replace(/["\\`$]/g, '\\$&')}"`;
