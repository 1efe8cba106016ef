/** Content of the tests' own writing, and content over a real store. */
import type { TestContext } from 'node:test';
import { builtinPack, Content, type Section, type Uses } from '../../src/content/index.ts';
import { type Problem, TinsmithError } from '../../src/errors.ts';
import { EventLog, type Store, type StoredEvent } from '../../src/store/index.ts';
import { parse } from '../../src/workflows/template/gotemplate/index.ts';
import { readWrittenContainer } from '../../src/workflows/template/written-container.ts';
import { opened } from '../store/opened.ts';

/** The real check of templates. */
export function checkText(text: string): Problem[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (error instanceof TinsmithError) return [...error.problems];
    throw error;
  }
}

export const checkContainer = (container: object): Problem[] =>
  readWrittenContainer(container, { open: true }).problems;

export async function over(store: Store, more: { uses?: Uses; clock?: () => number } = {}) {
  const clock = more.clock ?? (() => 1000);
  const events = await EventLog.open(store, clock);
  const told: Pick<StoredEvent, 'kind' | 'data'>[] = [];
  events.listen(({ kind, data }) => told.push({ kind, data }));
  const content = await Content.open({
    builtin: [builtinPack],
    checkText,
    checkContainer,
    ...more,
    store,
    events,
    clock,
  });
  return { store, events, content, told };
}

export async function made(t: TestContext, more: Parameters<typeof over>[1] = {}) {
  return over(await opened(t), more);
}

export const task = (name: string, more: object = {}): { section: Section; input: object } => ({
  section: 'tasks',
  input: { name, templates: [{ name: 'script', contents: '#!/bin/sh\ntrue\n' }], ...more },
});
export const stage = (name: string, more: object = {}): { section: Section; input: object } => ({
  section: 'stages',
  input: { name, ...more },
});
export const profile = (name: string, more: object = {}): { section: Section; input: object } => ({
  section: 'profiles',
  input: { name, ...more },
});

/** What an error says of an input: `field: message` of each problem. */
export function problemsOf(error: unknown): string[] {
  if (!(error instanceof TinsmithError)) throw error;
  return error.problems.map(({ field, message }) => `${field}: ${message}`);
}

/** A pack as Digital Rebar bundles them. */
export const RACK = `---
meta:
  Name: rack
  Version: 1.10
  Description: Machines of the test rack
  Author: The tests
  DocUrl: https://rack.example/
  Prerequisites: "drp-community-content: >=1.0"
  RequiredFeatures: ""
  Type: dynamic
  Writable: false
sections:
  bootenvs:
    flatcar-install:
      Name: flatcar-install
      Available: true
      Errors: []
      OS:
        Name: flatcar-4081
        Family: flatcar
        SupportedArchitectures:
          x86_64:
            IsoFile: flatcar.iso
            IsoUrl: https://rack.example/flatcar.iso
            Kernel: vmlinuz
            Initrds: [cpio.gz]
            BootParams: 'console=ttyS0 {{ .BootParams }}'
      Kernel: vmlinuz
      Initrds:
        - cpio.gz
      OnlyUnknown: false
      RequiredParams: [rack/position]
      Loaders:
        amd64-uefi: ipxe.efi
      Templates:
        - Name: ipxe
          Path: '{{ .Machine.Path }}/boot.ipxe'
          ID: rack-boot.ipxe
          Link: ""
  params:
    rack/position:
      Name: rack/position
      Description: Where in the rack it is
      Documentation: |
        Counted from below.
      Schema:
        type: integer
        minimum: 1
        default: 1
        Title: kept as it is
    rack/password:
      Name: rack/password
      Secure: true
      Schema:
        type: string
  profiles:
    rack-a:
      Name: rack-a
      Params:
        rack/position: 3
        rack/password:
          Key: abc
          Nonce: def
          Payload: ghi
        change-stage/map:
          rack-discover: rack-install:Reboot
          rack-install: local
        Free: {Name: stays, ID: stays}
  stages:
    rack-discover:
      Name: rack-discover
      BootEnv: sledgehammer
      RunnerWait: true
      Tasks: [rack-look]
      Meta:
        icon: search
        order: 3
    rack-install:
      Name: rack-install
      BootEnv: flatcar-install
      Tasks: [rack-wipe]
      Profiles: [rack-a]
      Reboot: true
  tasks:
    rack-look:
      Name: rack-look
      ReadOnly: true
      ExtraRoles: [superuser]
      ExtraClaims: []
      OptionalParams: [rack/position]
      Meta:
        feature-flags: sane-exit-codes
      Templates:
        - Name: look
          Meta: {OS: "linux, darwin"}
          Contents: |
            #!/bin/bash
            echo {{ .Machine.Name }}
    rack-wipe:
      Name: rack-wipe
      Prerequisites: [rack-look]
      Templates:
        - Name: wipe
          ID: rack-wipe.sh
  templates:
    rack-boot.ipxe:
      ID: rack-boot.ipxe
      Contents: |
        #!ipxe
        kernel {{ .Env.PathFor "http" "vmlinuz" }}
    rack-wipe.sh:
      ID: rack-wipe.sh
      Contents: "#!/bin/sh\\nwipefs --all /dev/sda\\n"
  workflows:
    rack:
      Name: rack
      Stages: [rack-discover, rack-install]
  plugins:
    ipmi: {Name: ipmi}
  version_sets: {}
  users:
    - Name: root
`;
