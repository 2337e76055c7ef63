"""auth can-i, auth whoami, and what RBAC makes of them."""

import os
import shutil

from session import KubectlCase


class Identity(KubectlCase):
    def become(self, account):
        """From here on commands run with a token of that service account."""
        token = self.k(f"create token {account}").strip()
        own = os.path.join(self.cluster.folder, f"kubeconfig-{self.namespace}")
        shutil.copy(self.cluster.kubeconfig, own)
        self.environment["KUBECONFIG"] = own
        cluster = self.k("config view -o jsonpath='{.clusters[0].name}'")
        self.k(f"config set-credentials robot --token={token}")
        self.k(f"config set-context robot --cluster={cluster} --user=robot")
        self.k("config use-context robot")

    def test_whoami(self):
        self.says("auth whoami", "kubernetes-admin", "system:masters")
        self.k("create sa robot")
        self.become("robot")
        self.says("auth whoami -o yaml", f"username: system:serviceaccount:{self.namespace}:robot",
                  f"- system:serviceaccounts:{self.namespace}", "- system:authenticated")

    def test_can_i(self):
        self.assertEqual("yes\n", self.k("auth can-i create deployments.apps"))
        self.assertEqual("yes\n", self.k("auth can-i '*' '*'"))
        robot = f"--as=system:serviceaccount:{self.namespace}:robot"
        self.assertEqual("no\n", self.k(f"auth can-i list pods {robot}", code=1))
        self.k("create sa robot")
        self.k("create role reader --verb=get,list --resource=pods")
        self.k(f"create rolebinding reads --role=reader --serviceaccount={self.namespace}:robot")
        self.become("robot")
        self.assertEqual("yes\n", self.k("auth can-i list pods"))
        self.assertEqual("no\n", self.k("auth can-i delete pods", code=1))
        self.assertEqual("no\n", self.k("auth can-i list pods -n default", code=1))
        listed = self.says("auth can-i --list", "Resources", "selfsubjectaccessreviews.authorization.k8s.io")
        self.assertRegex(listed, r"pods +\[\] +\[\] +\[get list\]")
        self.assertEqual("", self.k("get pods"))
        user = f'User "system:serviceaccount:{self.namespace}:robot"'
        self.refused("get secrets", f'Error from server (Forbidden): secrets is forbidden: {user} cannot list resource '
                     f'"secrets" in API group "" in the namespace "{self.namespace}"')
        self.refused("delete pod x", f'Error from server (Forbidden): pods "x" is forbidden: {user} cannot delete '
                     'resource "pods"')

    def test_no_or_a_bad_token(self):
        self.k("create sa robot")
        self.become("robot")
        self.k("config set-credentials robot --token=nonsense")
        self.refused("get pods", "You must be logged in to the server")

    def test_impersonation(self):
        self.k("create role reader --verb=list --resource=pods")
        self.k("create rolebinding reads --role=reader --user=ann")
        self.assertEqual("yes\n", self.k("auth can-i list pods --as=ann"))
        self.assertEqual("no\n", self.k("auth can-i list pods --as=bob", code=1))
        self.refused("get secrets --as=ann", 'User "ann" cannot list resource "secrets"')
