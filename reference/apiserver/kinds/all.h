// The hooks of each kind that has some; one file each.
#pragma once

#include "reference/apiserver/kinds/hooks.h"

namespace kp::apiserver {

KindHooks ConfigMapHooks();
KindHooks CoreEventHooks();
KindHooks DeploymentHooks();
KindHooks EventHooks();
KindHooks NamespaceHooks();
KindHooks NodeHooks();
KindHooks PodHooks();
KindHooks ReplicaSetHooks();
KindHooks RoleBindingHooks();
KindHooks RoleHooks();
KindHooks SecretHooks();
KindHooks ServiceHooks();

}  // namespace kp::apiserver
