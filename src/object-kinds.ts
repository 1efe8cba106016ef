/** What documents call the objects of each section of content, as `kind`, and what the command line calls them. */
export const OBJECT_KINDS = {
  bootenvs: { kind: 'BootEnv', noun: 'bootenv' },
  params: { kind: 'Param', noun: 'param' },
  profiles: { kind: 'Profile', noun: 'profile' },
  stages: { kind: 'Stage', noun: 'stage' },
  tasks: { kind: 'Task', noun: 'task' },
  templates: { kind: 'SharedTemplate', noun: 'shared-template' },
  workflows: { kind: 'StageList', noun: 'stage-list' },
} as const;
