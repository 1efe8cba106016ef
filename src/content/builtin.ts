/** The built-in pack: what every machine can be in, and what the map of changes is. */
import { CORE_PACK, type Pack } from './layers.ts';
import { bootEnv, param, stage } from './objects.ts';
import { frozen } from './reading.ts';
import { STAGE_ACTIONS, STAGE_MAP } from './stage-map.ts';

/** Boot environment of the in-memory system. */
export const IN_MEMORY = 'osie';
/** Digital Rebar's name for it, by which its packs find it. */
export const SLEDGEHAMMER = 'sledgehammer';
/** Stage and boot environment of the system on a machine's own disk. */
export const LOCAL = 'local';
/** Boot environment of machines that are not answered. */
export const IGNORE = 'ignore';
/** Stage in which nothing is done. */
export const NO_STAGE = 'none';

/** The pack `tinsmith`. */
export const builtinPack: Pack = frozen({
  meta: {
    name: CORE_PACK,
    version: '',
    description: 'What is built in: the in-memory system, the local disk, and the stages that stand for them',
    documentation: '',
    more: {},
  },
  objects: {
    bootenvs: [
      bootEnv.parse({
        name: IGNORE,
        description: 'No answer: the machine goes on to whatever it boots next',
        documentation: 'For machines that nobody knows.',
        onlyUnknown: true,
      }),
      bootEnv.parse({
        name: LOCAL,
        description: 'The system on the machine’s own disk',
        documentation: 'The machine is told to boot from its disk.',
      }),
      bootEnv.parse({
        name: IN_MEMORY,
        description: 'The in-memory system, in which tasks are run before there is a system on the disk',
        documentation: 'It is booted from the network into the machine’s memory, and leaves the disks alone.',
      }),
      bootEnv.parse({
        name: SLEDGEHAMMER,
        description: 'The in-memory system, by the name that packs of Digital Rebar use',
        documentation: `The same as ${IN_MEMORY}. A pack may have one of its own of this name.`,
      }),
    ],
    params: [
      param.parse({
        name: STAGE_MAP,
        description: 'Which stage follows which, once all tasks of a stage are done',
        documentation: [
          'A map: its keys are stages; each value is the stage that follows, or that and, after a colon, what is done on',
          `the way: ${STAGE_ACTIONS.join(', ')}. Success is the same as nothing.`,
          '',
          '    discover: install:Reboot',
          '    install: local',
          '',
          'The maps of the machine, its profiles, the stage and the profile global are put together; where two name one',
          'stage, the machine’s own counts before its profiles’, and these before the rest.',
          '',
        ].join('\n'),
        meta: { composed: 'true' },
        schema: { type: 'object', additionalProperties: { type: 'string' } },
      }),
    ],
    profiles: [],
    stages: [
      stage.parse({
        name: LOCAL,
        description: 'The machine runs the system on its own disk',
        bootEnv: LOCAL,
      }),
      stage.parse({
        name: NO_STAGE,
        description: 'Nothing is done, and the machine stays in whatever it is in',
      }),
    ],
    tasks: [],
    templates: [],
    workflows: [],
  },
  unsupported: [],
});
