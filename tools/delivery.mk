# Targets of delivery and releases; see docs/delivery.md. The shell, not make, reads values from the environment.
.PHONY: image-check image-verify image-sboms sign chart-package chart-push release-check release-notes release-page \
	kubeconfig deploy-notice
OUTPUT := "$${GITHUB_OUTPUT:-/dev/stdout}"

image-check:  ## check that both images run here; IMAGE_TAG=kind for another tag than latest
	docker run --rm --read-only --cap-drop ALL "aiops:$${IMAGE_TAG:-latest}" --version
	docker run --rm --read-only --cap-drop ALL "aiops-shop:$${IMAGE_TAG:-latest}" --help

image-verify:  ## check that the workflow of REPOSITORY=OWNER/NAME signed the images of IMAGE_TAG in REGISTRY
	@sh tools/scripts/verify.sh

image-sboms:  ## write the SBOMs of IMAGES="NAME@DIGEST ..." to dist/
	@sh tools/scripts/sboms.sh

sign:  ## sign IMAGES="NAME@DIGEST ..." with cosign
	@sh tools/scripts/sign.sh

chart-package:  ## package the chart as dist/aiops-VERSION.tgz
	helm package k8s/helm/aiops -d dist

chart-push:  ## push the packaged chart to REGISTRY/charts, and print its digest
	@sh tools/scripts/push-chart.sh >> $(OUTPUT)

release-check:  ## check that packages, chart and changelog match the tag RELEASE=v0.2.0
	@$(PYTHON) -m tools.release check "$$RELEASE" >> $(OUTPUT)

release-notes:  ## write the section of RELEASE=v0.2.0 in CHANGELOG.md to dist/notes.md
	@mkdir -p dist
	@$(PYTHON) -m tools.release notes "$$RELEASE" > dist/notes.md

release-page:  ## create GitHub's page of RELEASE=v0.2.0 with the files in dist/
	gh release create "$$RELEASE" --verify-tag --title "$$RELEASE" --notes-file dist/notes.md dist/*.tgz dist/*.json

kubeconfig:  ## write KUBECONFIG_DATA to the file KUBECONFIG, which must not exist
	@sh tools/scripts/kubeconfig.sh

deploy-notice:  ## report in GitHub's run why nothing is deployed
	@echo "::notice title=Not deployed everywhere::DEPLOY_STAGING is '$$DEPLOY_STAGING' and DEPLOY_PRODUCTION is" \
		"'$$DEPLOY_PRODUCTION'. docs/delivery.md says what to set up before these variables are 'true'."
