// Namespace: empties one that is being deleted, then lets it go.
// ServiceAccount and root CA: what every namespace is given.
#pragma once

#include <memory>
#include <string>

#include "reference/controllers/controller.h"

namespace kp::controllers {

std::unique_ptr<Controller> MakeNamespaceController();
// The "default" ServiceAccount of each namespace.
std::unique_ptr<Controller> MakeServiceAccountController();
// ConfigMap kube-root-ca.crt in each namespace, holding `ca_pem`.
std::unique_ptr<Controller> MakeRootCaPublisher(std::string ca_pem);

}  // namespace kp::controllers
