// The hooks of each kind that has some; one file each.
#pragma once

#include "reference/apiserver/kinds/hooks.h"

namespace kp::apiserver {

KindHooks ConfigMapHooks();
KindHooks NamespaceHooks();

}  // namespace kp::apiserver
