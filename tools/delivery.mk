# What delivery and releases run; docs/delivery.md. Values come from the environment and are read by the shell, not by make.
.PHONY: image-check image-verify image-sboms sign chart-package chart-push release-check release-notes release-page \
	kubeconfig deploy-notice
OUTPUT := "$${GITHUB_OUTPUT:-/dev/stdout}"

image-check:  ## whether both images run here; IMAGE_TAG=kind for others than latest
	docker run --rm --read-only --cap-drop ALL "aiops:$${IMAGE_TAG:-latest}" --version
	docker run --rm --read-only --cap-drop ALL "aiops-shop:$${IMAGE_TAG:-latest}" --help

image-verify:  ## whether the workflow of REPOSITORY=OWNER/NAME signed the images of IMAGE_TAG in REGISTRY
	@sh tools/scripts/verify.sh

image-sboms:  ## write what is in IMAGES="NAME@DIGEST ..." to dist/
	@sh tools/scripts/sboms.sh

sign:  ## sign IMAGES="NAME@DIGEST ..." with cosign
	@sh tools/scripts/sign.sh

chart-package:  ## make dist/aiops-VERSION.tgz of the chart
	helm package k8s/helm/aiops -d dist

chart-push:  ## push that to REGISTRY/charts, and say its digest
	@sh tools/scripts/push-chart.sh >> $(OUTPUT)

release-check:  ## whether packages, chart and changelog fit the tag RELEASE=v0.2.0
	@$(PYTHON) -m tools.release check "$$RELEASE" >> $(OUTPUT)

release-notes:  ## write what CHANGELOG.md says of RELEASE=v0.2.0 to dist/notes.md
	@mkdir -p dist
	@$(PYTHON) -m tools.release notes "$$RELEASE" > dist/notes.md

release-page:  ## make GitHub's page of RELEASE=v0.2.0 of what lies in dist/
	gh release create "$$RELEASE" --verify-tag --title "$$RELEASE" --notes-file dist/notes.md dist/*.tgz dist/*.json

kubeconfig:  ## write KUBECONFIG_DATA to the file KUBECONFIG, which must not be there
	@sh tools/scripts/kubeconfig.sh

deploy-notice:  ## say in GitHub's run why nothing is deployed
	@echo "::notice title=Not deployed everywhere::DEPLOY_STAGING is '$$DEPLOY_STAGING' and DEPLOY_PRODUCTION is" \
		"'$$DEPLOY_PRODUCTION'. docs/delivery.md says what to set up before these variables are 'true'."
