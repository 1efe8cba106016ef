/** What the documents of a file say that there should be. */
import type { Hardware } from '../machines/hardware.ts';
import type { Origin } from './identity.ts';

interface Placed {
  /** Where its document begins in the file, from 1. */
  line: number;
}

/** A machine that there should be. */
export interface HardwareManifest extends Placed {
  kind: 'hardware';
  /** Undefined: it was JSON of the `tink` command line, which has only an id. */
  origin: Origin | undefined;
  hardware: Hardware;
}

/** A template that there should be. */
export interface TemplateManifest extends Placed {
  kind: 'template';
  /** Undefined: it was the plain YAML of a template. */
  origin: Origin | undefined;
  /** As the YAML has it. */
  name: string;
  data: string;
  lenient: boolean;
}

/** A workflow that there should be. */
export interface WorkflowManifest extends Placed {
  kind: 'workflow';
  origin: Origin;
  id: string;
  templateRef: string;
  hardwareRef: string | undefined;
  devices: Record<string, unknown>;
  /** How it stood where the document comes from. */
  state: string | undefined;
}

/** What one document says. */
export type Manifest = HardwareManifest | TemplateManifest | WorkflowManifest;
