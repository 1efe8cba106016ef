/** Mount options that Docker takes for a bind or a named volume. */
const OPTIONS = new Set(
  ['ro', 'rw', 'z', 'Z', 'nocopy', 'shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate'].concat([
    'consistent',
    'cached',
    'delegated',
  ]),
);

/** Where the workflow's shared folder is mounted in every container. */
const SHARED_FOLDER = '/workflow';

/** Checks `source:destination[:options]`; the destination without trailing slashes, or in words what is wrong. */
export function checkVolume(volume: string): { destination: string } | { problem: string } {
  const [source = '', target, options, ...rest] = volume.split(':');
  if (target === undefined || rest.length > 0)
    return { problem: 'write source:destination or source:destination:options' };
  if (!source.startsWith('/') && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(source)) {
    return { problem: `the source "${source}" is no absolute path, nor the name of a volume` };
  }
  if (!target.startsWith('/')) return { problem: `the destination "${target}" is no absolute path` };
  if ([source, target].some((path) => path.split('/').includes('..'))) return { problem: 'a path must not have ".."' };
  const destination = normal(target);
  if (destination === '/') return { problem: 'the destination must not be the root folder' };
  if (destination === SHARED_FOLDER) return { problem: `${SHARED_FOLDER} is the workflow's own folder` };
  const unknown = options?.split(',').find((option) => !OPTIONS.has(option));
  if (unknown !== undefined) return { problem: `unknown option "${unknown}" (${[...OPTIONS].join(', ')})` };
  return { destination };
}

/**
 * A task's volumes with an action's: those of the task whose source the action mounts too are left out, the others come
 * first, in their order.
 *
 * @returns the volumes, and the destination that two of them would share, if there is one
 */
export function mergeVolumes(
  task: readonly string[],
  action: readonly string[],
): { volumes: string[]; clash: string | undefined } {
  const sources = new Set(action.map(sourceOf));
  const kept = task.filter((volume) => !sources.has(sourceOf(volume)));
  const destinations = new Set(kept.map(destinationOf));
  const clash = action.map(destinationOf).find((destination) => destination !== '' && destinations.has(destination));
  return { volumes: [...kept, ...action], clash };
}

function sourceOf(volume: string): string {
  return volume.split(':', 1)[0] ?? '';
}

function destinationOf(volume: string): string {
  return normal(volume.split(':')[1] ?? '');
}

/** Without doubled or trailing slashes and `.` components. */
function normal(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return path.startsWith('/') ? `/${parts.join('/')}` : '';
}
