"""Amazon CloudFront, AWS Certificate Manager and IAM, as in https://docs.aws.amazon.com/cloudfront/latest/APIReference."""

from sandbox.aws.api import AWS

API = AWS
