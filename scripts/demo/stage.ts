import type { ControlPlane } from "../control_plane.ts";
import type { Program } from "./program.ts";
import type { Repository } from "./repository.ts";
import type { SampleFile } from "./samples.ts";
import type { Screen } from "./screen.ts";
import type { World } from "./world.ts";

/** What the demo plays on. */
export interface Stage {
  readonly screen: Screen;
  readonly plane: ControlPlane;
  readonly repository: Repository;
  /** Where the program finds it. */
  readonly repositoryUrl: string;
  readonly program: Program;
  readonly world: World;
  /** The files of `gitops/mesh`. */
  readonly files: readonly SampleFile[];
}
