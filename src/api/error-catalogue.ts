/** What the kinds of errors mean, for whoever meets one. `docs/errors.md` has the same words. */
import { type ErrorCode, exitOf, statusOf } from '../errors.ts';

/** What happened, and what to do about it; `code` in backquotes. */
export const ERROR_MEANINGS: Record<ErrorCode, { meaning: string; remedy: string }> = {
  INTERNAL: {
    meaning: 'A fault in Tinsmith itself, which nobody foresaw.',
    remedy:
      'Look into the log of the appliance. On the command line, run it again with `TINSMITH_DEBUG=1` for the stack, and report both.',
  },
  USAGE: {
    meaning:
      'A command line that makes no sense: an unknown word or flag, one that is missing, or several that do not go together.',
    remedy: 'See the `--help` of the command.',
  },
  INVALID_INPUT: {
    meaning: 'What was sent or read is not usable. `problems` names every place: the field, or the line and column.',
    remedy: 'Correct the places that are named, and send it again; nothing was changed.',
  },
  NOT_FOUND: {
    meaning:
      'What was named is not there: a machine, template, workflow, stage or other object, pack, Job, image, webhook or file.',
    remedy: 'List what there is, and name one of those.',
  },
  CONFLICT: {
    meaning:
      'What was asked cannot be done as things are: a name or address is taken, something is used or locked, a workflow or machine is in another state, a report is out of turn.',
    remedy: 'Read what it collides with; change one or the other.',
  },
  PRECONDITION_FAILED: {
    meaning: 'What was to be changed is not any more what `If-Match` names.',
    remedy: 'Get it again, and make the change to what it is now.',
  },
  DATA_CONFLICT: {
    meaning: 'Two wrote the data of a workflow at once, and their versions cannot be merged.',
    remedy: 'Get the latest version, make the change in it, and write that with its number as `base`.',
  },
  UNAUTHORIZED: {
    meaning: 'The token is missing, or opens nothing here.',
    remedy: 'Give the file `token` of the appliance’s data directory. A machine gets a new one by restarting.',
  },
  FORBIDDEN: {
    meaning:
      'Who asked is known, and may not do this: a machine wants what is another’s, or the process lacks a right of the system.',
    remedy: 'Let the machine itself ask, or give the process the right that is named.',
  },
  UNREACHABLE: {
    meaning: 'Nobody answers there: no appliance at that URL, or the target of a webhook or service is away.',
    remedy: 'Check the address, and that what should answer runs.',
  },
  UNAVAILABLE: {
    meaning:
      'Something that this needs is not there at the moment, such as an interface, the OSIE or a container engine.',
    remedy: 'Do what the message says; then try again.',
  },
  PORT_TAKEN: {
    meaning: 'Another process has the port.',
    remedy: 'Stop the process that is named, or move or switch off the role with its flag.',
  },
  DATA_DIRECTORY_IN_USE: {
    meaning: 'Another appliance works in this data directory.',
    remedy: 'Stop the process that is named, or give another directory with `--data`.',
  },
  DATA_DIRECTORY_FOREIGN: {
    meaning: 'The data directory holds something that is not Tinsmith’s, or is of a newer version.',
    remedy: 'Name an empty directory with `--data`, or run the newer version.',
  },
  DATA_DIRECTORY_UNUSABLE: {
    meaning: 'The data directory cannot be made, read or written.',
    remedy: 'Correct its path or its rights, or free space on its disk.',
  },
  STORE_CORRUPT: {
    meaning: 'What is stored is damaged.',
    remedy: 'Run `tinsmith repair`, or restore a copy of the data directory.',
  },
  STORE_WRITE_FAILED: {
    meaning: 'The disk did not take what was to be stored; nothing was acknowledged.',
    remedy: 'Free space on the disk, or look into the kernel’s log for its errors.',
  },
  TIMED_OUT: {
    meaning: 'It did not happen within the time that was given.',
    remedy: 'Give more time, or look at what it waits for.',
  },
  WORKFLOW_FAILED: {
    meaning: 'A workflow that was watched or waited for ended without success: FAILED, TIMEOUT or CANCELLED.',
    remedy: 'See its output with `tinsmith workflow logs ID`; go on with it with `tinsmith workflow retry ID`.',
  },
};

/** The catalogue as a page, to which the `type` of a problem points. */
export function errorPage(): string {
  const entries = Object.entries(ERROR_MEANINGS).map(([code, { meaning, remedy }]) => {
    const facts = `HTTP status ${statusOf(code as ErrorCode)}, exit code ${exitOf(code as ErrorCode)}.`;
    return `<h2 id="${code}">${code}</h2>\n<p>${facts}</p>\n<p>${html(meaning)}</p>\n<p>What to do: ${html(remedy)}</p>`;
  });
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Errors</title>\n<h1>Errors</h1>\n${entries.join('\n')}\n</html>\n`;
}

function html(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}
