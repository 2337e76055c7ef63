#include "reference/apiserver/kinds/hooks.h"

#include <map>

#include "reference/apiserver/kinds/all.h"

namespace kp::apiserver {

const KindHooks& HooksOf(const api::Kind& kind) {
  using Key = std::pair<std::string, std::string>;
  static const auto* hooks = new std::map<Key, KindHooks>{
      {{"", "ConfigMap"}, ConfigMapHooks()},
      {{"", "Namespace"}, NamespaceHooks()},
  };
  static const auto* none = new KindHooks();
  const auto it = hooks->find({kind.gvk.group, kind.gvk.kind});
  return it == hooks->end() ? *none : it->second;
}

}  // namespace kp::apiserver
