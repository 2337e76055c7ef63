#include "properties/linearizability/models/kinds.h"

namespace kp::linearizability {

const std::vector<ModelKind>& ModelKinds() {
  static const std::vector<ModelKind> kinds = {
      {"register", "read -> V, write V, cas [OLD, NEW]; each key a register of its own", true, MakeRegister},
  };
  return kinds;
}

const ModelKind* FindModel(std::string_view name) {
  for (const ModelKind& kind : ModelKinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace kp::linearizability
