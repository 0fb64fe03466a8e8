"""The messages of webhooks, as far as they are read; what else they hold is left out."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from aiops.api.moment import Moment

Short = Annotated[str, StringConstraints(max_length=256)]
Long = Annotated[str, StringConstraints(max_length=4000)]


class HookMessage(BaseModel):
    """A message from a program that sends more than is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class GitHubActor(HookMessage):
    login: Short = ""


class GitHubRepository(HookMessage):
    name: Short
    full_name: Short


class GitHubDeploymentOf(HookMessage):
    id: int
    sha: Short = ""
    ref: Short = ""
    environment: Short = ""
    description: Long | None = None
    payload: dict[str, Any] | str | None = None
    creator: GitHubActor | None = None
    created_at: Moment


class GitHubStatus(HookMessage):
    state: Short
    created_at: Moment
    creator: GitHubActor | None = None


class GitHubDeployment(HookMessage):
    """GitHub's events deployment, deployment_status and ping."""

    repository: GitHubRepository | None = None
    deployment: GitHubDeploymentOf | None = None
    deployment_status: GitHubStatus | None = None


class ArgoSync(BaseModel):
    """What the template for Argo CD notifications sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    service: Short | None = None
    revision: Short = ""
    images: list[Short] | None = Field(None, max_length=200)
    phase: Short = "Succeeded"
    finished_at: Moment | None = None
    who: Short | None = None
    message: Long | None = None


class FlagMember(HookMessage):
    email: Short = ""


class FlagTarget(HookMessage):
    name: Short = ""
    resources: list[Short] = Field([], max_length=200)


class FlagChange(HookMessage):
    """An entry of the audit log of flags, as LaunchDarkly sends it. `date` is in milliseconds since 1970."""

    id: Short = Field(alias="_id")
    date: int = Field(ge=0, le=253402300799000)
    kind: Short
    name: Short = ""
    title_verb: Short = Field("", alias="titleVerb")
    comment: Long | None = None
    member: FlagMember | None = None
    target: FlagTarget | None = None
